/**
 * Which page of the reference each public name stands on. A name that is not here stands on the last page of its
 * import, and an import that is not here has a page, so that nothing is left out.
 *
 * @module
 */

export interface Subject {
  /** Its file, without `.md`. */
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  /** The import that has it. */
  readonly from: string;
  /** In this order; what is not named follows on the last page of its import. */
  readonly names: readonly string[];
}

const SUBJECTS: readonly Subject[] = [
  {
    file: 'runtime',
    title: 'Runtime',
    intro: 'How a runtime is made, and what it can be asked.',
    from: 'holdfast',
    names: ['createRuntime', 'RuntimeOptions', 'Runtime', 'Clock', 'Random'],
  },
  {
    file: 'inspectors',
    title: 'Inspectors',
    intro:
      'How a running system is looked at: its own page, the inspector of Stately, a function of the app.',
    from: 'holdfast',
    names: [
      'Inspector',
      'InspectorOptions',
      'StatelyInspector',
      'StatelyInspectorOptions',
      'InspectionObserver',
    ],
  },
  {
    file: 'operations',
    title: 'Requests and operations',
    intro: 'What is sent, what becomes of it, and how it is found again.',
    from: 'holdfast',
    names: [
      'SyncRequest',
      'upstreamKey',
      'Entity',
      'Tier',
      'Priority',
      'Operation',
      'Outcome',
      'OperationView',
      'BulkResult',
      'ResilientOptions',
      'ResilientResult',
      'OperationFilter',
      'OperationPage',
      'OperationCounts',
      'OperationActor',
      'OperationActorSnapshot',
    ],
  },
  {
    file: 'several-processes',
    title: 'Several processes',
    intro:
      'One store, and the other processes of an app. How to use it: [Use one store from several processes](../how-to/several-processes.md).',
    from: 'holdfast',
    names: ['connect', 'ConnectOptions', 'Client', 'TypesOfRuntime'],
  },
  {
    file: 'handlers',
    title: 'Handlers and failures',
    intro: 'What performs an attempt, and how it says what went wrong.',
    from: 'holdfast',
    names: [
      'defineHandler',
      'Handler',
      'DefinedHandler',
      'Attempt',
      'httpHandler',
      'HttpHandlerOptions',
      'transientFailure',
      'permanentFailure',
      'conflictFailure',
      'unknownOutcome',
      'AttemptFailure',
      'PayloadSchema',
      'CallContext',
      'CallOptions',
    ],
  },
  {
    file: 'records',
    title: 'Records and conflicts',
    intro:
      'Edits of records that several devices change: how they are merged, what travels with a record, and what people decide. The rules: [Conflicts](../conflicts.md).',
    from: 'holdfast',
    names: [
      'ConflictOptions',
      'FetchedRecord',
      'EditBase',
      'RecordMeta',
      'Tombstone',
      'HybridStamp',
      'VersionVector',
      'Entities',
      'EntityView',
      'RemoteChange',
      'Conflicts',
      'Conflict',
      'ConflictFilter',
      'ConflictDetails',
      'ConflictResolution',
    ],
  },
  {
    file: 'upstreams-and-policies',
    title: 'Upstreams and policies',
    intro:
      'What can be set for an upstream, a tier and a type. What each value does: [Policies](../policies.md).',
    from: 'holdfast',
    names: ['UpstreamOptions', 'UpstreamControl', 'PolicyLayers', 'BreakerState', 'Level'],
  },
  {
    file: 'keys',
    title: 'Keys',
    intro:
      'Where the key of a store comes from. Which to choose: [Choose a key](../how-to/choose-keys.md).',
    from: 'holdfast',
    names: ['keyFile', 'createKeyFile', 'passphrase', 'rawKey', 'KeySource'],
  },
  {
    file: 'crisis',
    title: 'Crisis',
    intro:
      'What a person in crisis gets, and what people decide. What is promised: [Crisis](../crisis.md).',
    from: 'holdfast',
    names: [
      'CrisisRequest',
      'CrisisAnswer',
      'CrisisResource',
      'HelpLine',
      'CrisisOptions',
      'CrisisPlans',
      'CrisisPlan',
      'CrisisMode',
      'CrisisModeState',
      'Crises',
      'CrisisView',
      'EscalationStepOptions',
      'EscalationNotice',
      'Webhook',
      'Person',
    ],
  },
  {
    file: 'what-was-given-up',
    title: 'Dead letters, quarantine and backups',
    intro: 'What waits for a person, and the care of a store.',
    from: 'holdfast',
    names: [
      'DeadLetters',
      'DeadLetter',
      'DeadLetterDetails',
      'DeadLetterFilter',
      'Quarantine',
      'Quarantined',
    ],
  },
  {
    file: 'errors-and-facts',
    title: 'Errors, health, facts and logs',
    intro:
      'How it is told what happens. Each [error](../errors.md), each [fact](../facts.md), each field of [health](../health.md).',
    from: 'holdfast',
    names: [
      'HoldfastError',
      'isHoldfastError',
      'ErrorCode',
      'HealthStatus',
      'Fact',
      'FactKind',
      'FactOf',
      'FactMessage',
      'Logger',
    ],
  },
  {
    file: 'types',
    title: 'Types',
    intro: 'What the types of a runtime are worked out with, and the rest of the public names.',
    from: 'holdfast',
    names: ['Json', 'JsonObject', 'TypesOf', 'RequestOf', 'ResponseOf'],
  },
  {
    file: 'testing',
    title: 'holdfast/testing',
    intro: 'For tests of an app. How to use it: [Test your app](../how-to/test-your-app.md).',
    from: 'holdfast/testing',
    names: [
      'createTestBed',
      'TestBed',
      'TestOptions',
      'TestProcess',
      'VirtualClock',
      'VIRTUAL_EPOCH_MS',
      'misbehavingHandler',
      'MisbehavingHandler',
      'startMisbehavingUpstream',
      'MisbehavingUpstream',
      'UpstreamOptions',
      'MISBEHAVIOURS',
      'Misbehaviour',
      'MisbehaviourOptions',
      'UpstreamLedger',
      'LedgerEntry',
      'startRecordServer',
      'RecordServer',
      'RECORD_FAULTS',
      'RecordFault',
      'seededRandom',
      'SeededRandom',
    ],
  },
  {
    file: 'schemas',
    title: 'holdfast/schemas',
    intro: 'Clinical payloads as schemas, for the `schema` of a handler.',
    from: 'holdfast/schemas',
    names: ['phq9', 'gad7', 'crisisPlan', 'moodEntry'],
  },
];

/** The pages for these imports of the package. */
export function subjectsOf(imports: readonly string[]): readonly Subject[] {
  const listed = SUBJECTS.filter(({ from }) => imports.includes(from));
  const others = imports.filter((name) => !SUBJECTS.some(({ from }) => from === name));
  return [
    ...listed,
    ...others.map((from) => ({
      file: from.slice('holdfast/'.length),
      title: from,
      intro: `What \`import … from '${from}'\` gives.`,
      from,
      names: [],
    })),
  ];
}
