/**
 * The text that a reviewer without a clone adds to docs/machines/approvals.json: it is made from the chart that is
 * shown, for a change that somebody commits.
 *
 * @module
 */

import { useState } from 'preact/hooks';
import { approvalText } from '../../charts/approvals.ts';
import type { ChartModel } from '../../charts/chartData.ts';
import { copy, pageNow } from '../kit/browser.ts';
import { Panel } from '../kit/panel.tsx';

export function ApprovalText(props: { readonly model: ChartModel }) {
  const [who, setWho] = useState({ name: '', role: '' });
  const [isCopied, setIsCopied] = useState(false);
  const text = approvalText(props.model, who, pageNow());
  const field = (key: 'name' | 'role', label: string) => (
    <p>
      <label>
        {label}{' '}
        <input
          type="text"
          value={who[key]}
          onInput={({ currentTarget: { value } }) => {
            setWho({ ...who, [key]: value });
            setIsCopied(false);
          }}
        />
      </label>
    </p>
  );
  return (
    <Panel title="Approve it">
      <div class="body">
        <p class="soft">
          This page changes nothing. It makes the text of <code>docs/machines/approvals.json</code>{' '}
          for the chart that is shown here. Give it to somebody who can commit it; if the file
          exists, add the entry to its list.
        </p>
        {field('name', 'Your name')}
        {field('role', 'What you are, such as clinical lead')}
        {text === null ? null : (
          <>
            <pre>{text}</pre>
            <button
              type="button"
              onClick={() => {
                void copy(text).then(setIsCopied);
              }}
            >
              Copy
            </button>{' '}
            <span role="status">{isCopied ? 'Copied.' : ''}</span>
          </>
        )}
      </div>
    </Panel>
  );
}
