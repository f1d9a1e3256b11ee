/** The options of `processes`. No process may have one of these names: its own configuration would hide the option. */
export const PROCESS_OPTION_NAMES = [
  'defaultTimeout',
  'defaultRetry',
  'defaultBackoff',
  'serializer',
  'steps',
  'lease',
  'suspendAfter',
  'retention',
  'historyWarning',
  'historyLimit',
  'maxPayload',
  'warnPayload',
  'maxClaims',
  'redact',
] as const;

/** {@link PROCESS_OPTION_NAMES}, to look one up. */
export const RESERVED_PROCESS_NAMES: ReadonlySet<string> = new Set(PROCESS_OPTION_NAMES);
