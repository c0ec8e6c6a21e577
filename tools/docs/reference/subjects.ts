/**
 * Pages of the reference, with the names on each. A name that no page lists comes on the last page of its import, and
 * an import that no page is of gets one, so that nothing is left out.
 *
 * @module
 */

export interface Subject {
  /** The page's file, without `.md`. */
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  /** The import that has it. */
  readonly from: string;
  /** In this order. Those that are not exported are parts of the others. */
  readonly names: readonly string[];
}

/** Where the members of a name are told already. */
export const TOLD_ELSEWHERE: Readonly<Record<string, string>> = {
  HealthStatus: 'health.md',
  ErrorCode: 'errors.md',
  Fact: 'facts.md',
  FactKind: 'facts.md',
  FactOf: 'facts.md',
  PolicyLayers: 'policies.md',
  UpstreamOptions: 'policies.md',
};

const SUBJECTS: readonly Subject[] = [
  page('runtime', 'Runtime', 'How a runtime is made, and what it can be asked.', [
    'createRuntime RuntimeOptions Runtime BulkOptions BulkResult ResilientOptions ResilientResult CallOptions',
    'CallContext Clock Random Logger',
  ]),
  page(
    'several-processes',
    'Several processes',
    'One store, and the other processes of an app: [how to use it](../how-to/several-processes.md).',
    ['connect ConnectOptions Client TypesOfRuntime'],
  ),
  page(
    'operations',
    'Requests and operations',
    'What is sent, what becomes of it, and how it is found again.',
    [
      'SyncRequest upstreamKey Entity Tier Priority Operation WaitOptions Outcome Operations OperationView',
      'HistoryEntry OperationWait OperationFilter OperationQuery OperationPage OperationCounts OperationActor OperationActorSnapshot',
    ],
  ),
  page(
    'handlers',
    'Handlers and failures',
    'What performs an attempt, and how it says what went wrong.',
    [
      'defineHandler Handler DefinedHandler Attempt httpHandler HttpHandlerOptions transientFailure permanentFailure',
      'conflictFailure unknownOutcome AttemptFailure AttemptFailureOptions PayloadSchema',
    ],
  ),
  page(
    'records',
    'Records and conflicts',
    'Edits of records that several devices change. The rules: [Conflicts](../conflicts.md).',
    [
      'ConflictOptions Current FetchedRecord EditBase RecordMeta Entities EntityQuery EntityView RemovedItem RestoreOptions',
      'RemoteChange Conflicts Conflict ConflictFilter ConflictDetails ConflictQuestion ConflictResolution',
    ],
  ),
  page(
    'upstreams-and-policies',
    'Upstreams and policies',
    'What can be done to an upstream. Each value that can be set: [Policies](../policies.md).',
    ['UpstreamOptions UpstreamControl PolicyLayers BreakerState Level'],
  ),
  page(
    'keys',
    'Keys',
    'Where the key of a store comes from: [which to choose](../how-to/choose-keys.md).',
    ['keyFile createKeyFile passphrase PassphraseOptions rawKey KeySource KeyRequest LoadedKey'],
  ),
  page(
    'crisis',
    'Crisis',
    'What a person in crisis gets. What is promised: [Crisis](../crisis.md). More types: [holdfast/schemas](schemas.md).',
    ['CrisisRequest CrisisAnswer Person'],
  ),
  page(
    'what-was-given-up',
    'Dead letters, quarantine, audit and backups',
    'What waits for a person, what was done, and the care of a store.',
    [
      'DeadLetters DeadLetter DeadLetterDetails DeadLetterFilter ReplayOptions DeadLetterRun Quarantine Quarantined',
      'Audit AuditCheckpoint Subjects ExportedRecord',
      'BackupOptions',
    ],
  ),
  page('inspectors', 'Inspectors', 'How a running system is looked at.', [
    'Inspector InspectorOptions StatelyInspector StatelyInspectorOptions InspectionObserver InspectionEvent',
  ]),
  page(
    'errors-and-facts',
    'Errors, health and facts',
    'What an app is told: [errors](../errors.md), [facts](../facts.md), [health](../health.md).',
    ['HoldfastError isHoldfastError ErrorCode HealthStatus Fact FactKind FactOf FactMessage'],
  ),
  page('types', 'Types', 'The rest of the public names.', [
    'Json JsonObject TypesOf RequestOf ResponseOf',
  ]),
  page(
    'testing',
    'holdfast/testing',
    'For tests of an app: [how to use it](../how-to/test-your-app.md).',
    [
      'createTestBed TestBed TestOptions TestProcess VirtualClock VIRTUAL_EPOCH_MS misbehavingHandler MisbehavingHandler',
      'startMisbehavingUpstream MisbehavingUpstream UpstreamOptions MISBEHAVIOURS Misbehaviour MisbehaviourOptions',
      'UpstreamLedger LedgerEntry startRecordServer RecordServer RecordServerOptions RECORD_FAULTS RecordFault',
      'seededRandom SeededRandom mergeLaws MergeLawOptions',
    ],
    'holdfast/testing',
  ),
  page(
    'schemas',
    'holdfast/schemas',
    'Clinical payloads as schemas, for the `schema` of a handler; the types of crises and plans.',
    [
      'phq9 gad7 crisisPlan moodEntry CrisisOptions CrisisResource HelpLine CrisisWords CrisisPlans CrisisPlan',
      'CrisisMode CrisisModeState Crises CrisisAcknowledgement CrisisView EscalationStepOptions EscalationRetry EscalationNotice Webhook',
      'OutsideOptions OutsideHttpOptions',
    ],
    'holdfast/schemas',
  ),
  page(
    'merge',
    'holdfast/merge',
    "What `import … from 'holdfast/merge'` gives.",
    ['defineEntity OwnEntity FieldRules Group list ListRules Removing snapshot SnapshotRules'],
    'holdfast/merge',
  ),
];

function page(
  file: string,
  title: string,
  intro: string,
  names: readonly string[],
  from = 'holdfast',
): Subject {
  return { file, title, intro, from, names: names.flatMap((line) => line.split(' ')) };
}

/** The pages for these imports of the package. */
export function subjectsOf(imports: readonly string[]): readonly Subject[] {
  const listed = SUBJECTS.filter(({ from }) => imports.includes(from));
  const others = imports.filter((name) => !SUBJECTS.some(({ from }) => from === name));
  return [
    ...listed,
    ...others.map((from) =>
      page(
        from.slice('holdfast/'.length),
        from,
        `What \`import … from '${from}'\` gives.`,
        [],
        from,
      ),
    ),
  ];
}
