export {
  Personal,
  PersonalData,
  type PersonalDataOptions,
  type PersonalOptions,
  type SubjectOf,
} from './personal.decorator.js';
export { Privacy, type ForgetOptions, type ForgetResult, type PrivacyParts } from './privacy.js';
export {
  MasterKeyError,
  PersonalDataDamagedError,
  PersonalDataDefinitionError,
  PrivacyNotConfiguredError,
  SubjectForgottenError,
  SubjectKeyMissingError,
  SubjectMissingError,
} from './privacy.errors.js';
export {
  resolvePrivacyOptions,
  type MasterKey,
  type PrivacyOptions,
  type ResolvedPrivacyOptions,
} from './privacy.options.js';
export { SubjectForgotten } from './subject-forgotten.event.js';
