/** Whether the endpoints that change anything may be used, and why. */
export interface OperationsGate {
  readonly open: boolean;
  /** One clause for the log and for the refusal. */
  readonly why: string;
  /** Open although nothing protects them and nobody said so in words: worth a warning at boot. */
  readonly unguarded: boolean;
}

/** What decides about the gate. */
export interface OperationsGateInput {
  /** Guards configured for the endpoints. */
  readonly guards: number;
  /** See `ProcessesHttpOptions.allowOperations`. */
  readonly allowOperations: boolean | 'development';
  /** `process.env.NODE_ENV`. */
  readonly nodeEnv: string | undefined;
}

/** Not set counts as development, as it does for Express and npm; the boot log warns about it. */
const DEVELOPMENT: ReadonlySet<string | undefined> = new Set(['development', 'dev', 'test', '', undefined]);

/** Decides whether operations are open. Said in words beats guards, guards beat the environment. */
export function operationsGate({ guards, allowOperations, nodeEnv }: OperationsGateInput): OperationsGate {
  const environment = nodeEnv ? `NODE_ENV is "${nodeEnv}"` : 'NODE_ENV is not set, which counts as development';
  if (allowOperations === false) return { open: false, why: 'allowOperations is false', unguarded: false };
  if (guards > 0) return { open: true, why: `${guards} guard${guards > 1 ? 's' : ''} configured`, unguarded: false };
  if (allowOperations === true) return { open: true, why: 'allowOperations is true', unguarded: false };
  if (DEVELOPMENT.has(nodeEnv)) return { open: true, why: environment, unguarded: true };
  return { open: false, why: `${environment} and no guard is configured`, unguarded: false };
}
