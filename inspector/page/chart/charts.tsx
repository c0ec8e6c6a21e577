/**
 * The charts that the page was built with.
 *
 * @module
 */

import { useState } from 'preact/hooks';
import { approvalText } from '../../charts/approvals.ts';
import type { ChartModel } from '../../charts/chartData.ts';
import { copy, pageNow } from '../kit/browser.ts';
import { Nothing, Panel, usePage } from '../kit/page.tsx';
import { formatRoute } from '../model/route.ts';
import { countOf } from '../words/news.ts';
import { ChartPicture } from './chartPicture.tsx';
import { ChartText } from './chartText.tsx';
import { type Chart, useChart } from './useChart.ts';

export function Charts() {
  const charts = usePage((page) => page.hello?.charts);
  return (
    <ul class="catalogue">
      {charts?.map(({ machine, version }) => (
        <li key={machine}>
          <Entry machine={machine} version={version} />
        </li>
      ))}
    </ul>
  );
}

function Entry(props: { readonly machine: string; readonly version: string | null }) {
  const { machine, version } = props;
  const fetched = useChart(machine);
  const live = usePage((page) => {
    let count = 0;
    for (const actor of page.actors.values()) if (actor.machine === machine) count += 1;
    return count;
  });
  return (
    <Panel title={machine} aside={version === null ? undefined : `version ${version}`}>
      <div class="body">
        <p>{fetched.kind === 'here' ? fetched.chart.model.purpose : ''}</p>
        <p class="soft">
          {fetched.kind === 'here'
            ? `${countOf(fetched.chart.model.states.length - 1, 'state')}, ${countOf(fetched.chart.model.transitions.length, 'transition')}, `
            : ''}
          {countOf(live, 'actor')} live
        </p>
        <p>
          <a href={formatRoute({ view: 'charts', of: machine })}>
            Open<span class="spoken"> ({machine})</span>
          </a>
          {' · '}
          <a href={formatRoute({ view: 'actors', query: { machine } })}>
            Its actors<span class="spoken"> ({machine})</span>
          </a>
        </p>
      </div>
    </Panel>
  );
}

export function ChartOfOne() {
  const machine = usePage((page) => page.route.of ?? '');
  const fetched = useChart(machine);
  if (fetched.kind === 'coming') return <Nothing>Reading …</Nothing>;
  if (fetched.kind === 'unknown') {
    return (
      <Nothing>
        There is no chart {machine} in this page. <a href="#/charts">All charts</a>
      </Nothing>
    );
  }
  return <One chart={fetched.chart} />;
}

function One(props: { readonly chart: Chart }) {
  const { model } = props.chart;
  return (
    <div class="actor">
      <Panel
        title={model.id}
        aside={model.version === null ? undefined : `version ${model.version}`}
      >
        <div class="body">
          <p>{model.purpose}</p>
          <p class="soft">
            Approvals are of <code>{model.hash.slice(0, 19)}…</code>
          </p>
        </div>
      </Panel>
      <Panel title="Picture" class="drawing">
        <ChartPicture chart={props.chart} label={`Chart of ${model.id}. ${model.purpose}`} />
      </Panel>
      <Panel title="States and transitions">
        <ChartText model={model} />
      </Panel>
      <ApprovalText model={model} />
    </div>
  );
}

function ApprovalText(props: { readonly model: ChartModel }) {
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
