import { CatgaError, type CatgaErrorOptions } from '../../foundation/index.js';
import type { StoredEvent } from '../../store/index.js';

/** An event class has personal data, and there is no master key to encrypt it with. Nothing was written. */
export class PrivacyNotConfiguredError extends CatgaError {
  readonly code = 'CATGA_PRIVACY_NOT_CONFIGURED';
  readonly kind = 'configuration';
  constructor(what: string) {
    super(
      `${what} needs encryption, and no master key is configured. Give CatgaModule.forRoot({ eventSourcing: { privacy: { masterKeys: [{ id: '2026', key }] } } }) a key of 32 bytes, from a secret store and not from the source code.`,
      { details: { what } },
    );
  }
}

/** What `@Personal` or `@PersonalData` says about a class does not fit. Thrown at load. */
export class PersonalDataDefinitionError extends CatgaError {
  readonly code = 'CATGA_PERSONAL_DATA_DEFINITION';
  readonly kind = 'configuration';
  constructor(className: string, problem: string) {
    super(`The personal data of event class ${className} cannot be protected: ${problem}`, { details: { className } });
  }
}

/** An event with personal data does not say whose it is. Nothing was written. */
export class SubjectMissingError extends CatgaError {
  readonly code = 'CATGA_SUBJECT_MISSING';
  readonly kind = 'request';
  constructor(type: string, fields: readonly string[], subject: unknown) {
    super(
      `Event "${type}" has personal data in ${fields.join(', ')}, and its subject is ${JSON.stringify(subject) ?? String(subject)}. Give the event the id of the person, a text that is not empty or a number.`,
      { details: { type, fields } },
    );
  }
}

/** New personal data of a subject that was forgotten. Nothing was written. */
export class SubjectForgottenError extends CatgaError {
  readonly code = 'CATGA_SUBJECT_FORGOTTEN';
  readonly kind = 'request';
  constructor(readonly subject: string) {
    super(
      `Subject "${subject}" was forgotten, and there is new personal data of it. Do not append it; or let forgotten subjects begin anew with eventSourcing.privacy.afterForget: 'new-key'.`,
      { details: { subject } },
    );
  }
}

/** There is encrypted data of a subject, no key for it, and nobody has forgotten it: the key was lost. */
export class SubjectKeyMissingError extends CatgaError {
  readonly code = 'CATGA_SUBJECT_KEY_MISSING';
  readonly kind = 'infrastructure';
  constructor(subject: string) {
    super(
      `The key of subject "${subject}" is not in the store, and the subject was not forgotten. Restore the records of collection "subject-keys" from the backup that the events come from.`,
      { details: { subject } },
    );
  }
}

/** A key was wrapped by a master key that is not configured, or that has another value than it had. */
export class MasterKeyError extends CatgaError {
  readonly code = 'CATGA_MASTER_KEY';
  readonly kind = 'configuration';
  constructor(subject: string, masterKey: string, problem: string, options?: CatgaErrorOptions) {
    super(
      `The key of subject "${subject}" was wrapped by master key "${masterKey}", ${problem}. Keep it in eventSourcing.privacy.masterKeys until Privacy.rewrapKeys() has been run with a newer one in front of it.`,
      { ...options, details: { subject, masterKey } },
    );
  }
}

/** Encrypted data that its own key does not open: it was changed or damaged. */
export class PersonalDataDamagedError extends CatgaError {
  readonly code = 'CATGA_PERSONAL_DATA_DAMAGED';
  readonly kind = 'internal';
  constructor(subject: string, { type, stream, version, position }: StoredEvent, options?: CatgaErrorOptions) {
    super(
      `The personal data of subject "${subject}" in event "${type}" (stream "${stream}", version ${version}, position ${position}) cannot be decrypted although its key is there: it was changed or damaged. Compare it with a backup.`,
      { ...options, details: { subject, type, stream, version, position } },
    );
  }
}
