import type { OnApplicationShutdown } from '@nestjs/common';
import { RecordConflictError } from '../../store/index.js';
import type { DescribedEventType, EventContext, EventMetadataInput } from '../events/index.js';
import type { EventLog } from '../log/index.js';
import type { SnapshotService } from '../snapshots/index.js';
import { PersonalDataTransform } from './personal-data.transform.js';
import { PersonalSnapshots } from './personal-snapshots.js';
import { personalFieldsOf } from './personal.decorator.js';
import { PersonalDataDefinitionError, PrivacyNotConfiguredError } from './privacy.errors.js';
import type { ResolvedPrivacyOptions } from './privacy.options.js';
import { SubjectForgotten } from './subject-forgotten.event.js';
import { SUBJECT_KEYS } from './subject-key.js';
import { SubjectKeys } from './subject-keys.js';

/** Tries against others who write the record of the subject at the same time. */
const ATTEMPTS = 20;

/** What {@link Privacy} is made of. */
export interface PrivacyParts {
  readonly log: EventLog;
  /** Undefined: no event may have personal data. */
  readonly options: ResolvedPrivacyOptions | undefined;
  /** Whose snapshots are to be encrypted. */
  readonly snapshots?: SnapshotService | undefined;
  /** Versions that events are written in, see `eventSourcing.writeAs`. */
  readonly writeAs?: Readonly<Record<string, number>> | undefined;
}

/** Options of {@link Privacy.forget}. */
export interface ForgetOptions {
  /** The context a handler got: correlation and cause of the {@link SubjectForgotten} event come from it. */
  readonly context?: EventContext | undefined;
  /** Who and why; goes with the event. */
  readonly metadata?: EventMetadataInput | undefined;
}

/** What {@link Privacy.forget} did. */
export interface ForgetResult {
  /** False: it was forgotten already. */
  readonly forgotten: boolean;
  /** Position of the {@link SubjectForgotten} event: a projection that has come so far knows of it. */
  readonly position: number | undefined;
  /** How many snapshots were removed. */
  readonly snapshots: number;
}

interface Active {
  readonly keys: SubjectKeys;
  readonly snapshots: PersonalSnapshots;
}

/**
 * Crypto-shredding: what `@PersonalData` marks is encrypted with a key of its subject before it reaches the store, and
 * is gone for good once that key is. Injectable.
 *
 * @example
 * ```ts
 * const { position } = await privacy.forget('customer-42', { metadata: { user: clerk } });
 * ```
 */
export class Privacy implements OnApplicationShutdown {
  private readonly log: EventLog;
  private readonly active: Active | undefined;

  /** Makes the registry of the log encrypt, or refuse classes with personal data where there is no master key. */
  constructor({ log, options, snapshots, writeAs = {} }: PrivacyParts) {
    this.log = log;
    const { registry, store } = log;
    if (options === undefined) {
      registry.addCheck((type) => {
        if (personalFieldsOf(type.eventClass).length > 0)
          throw new PrivacyNotConfiguredError(`Event "${type.name}" of class ${type.eventClass.name}`);
      });
      return;
    }
    const keys = new SubjectKeys(store, options);
    this.active = { keys, snapshots: new PersonalSnapshots(store, keys, registry.codec) };
    registry.addCheck((type) => assertWritten(type, writeAs));
    registry.addTransform(new PersonalDataTransform(keys, options, registry.codec));
    registry.register(SubjectForgotten);
    snapshots?.useSeal(this.active.snapshots);
  }

  /**
   * Forgets a subject: takes its key away and appends a {@link SubjectForgotten} event, in one commit. From then on its
   * data is a placeholder in all that is read here, and on other nodes as soon as they hear of it, at the latest after
   * `privacy.cacheFor`. Snapshots with its data are removed. Forgetting again does no harm.
   *
   * @throws {PrivacyNotConfiguredError} {@link StoreUnavailableError}
   */
  async forget(subject: string, { context, metadata }: ForgetOptions = {}): Promise<ForgetResult> {
    const { keys, snapshots } = this.assertActive();
    const position = await this.removeKey(keys, subject, { context, metadata });
    keys.invalidate();
    return { forgotten: position !== undefined, position, snapshots: await snapshots.drop(subject) };
  }

  /** True from {@link forget} on, until the subject gets a new key, see `privacy.afterForget`. @throws {PrivacyNotConfiguredError} */
  async isForgotten(subject: string): Promise<boolean> {
    const { key, forgotten } = await this.assertActive().keys.look(subject);
    return forgotten && key === undefined;
  }

  /**
   * Wraps the keys of all subjects with the first master key. Afterwards the others can be taken out of the options.
   * Safe to run while the application works, and to run again after a failure.
   *
   * @returns how many keys were wrapped anew
   * @throws {MasterKeyError} a key was wrapped by a master key that is not there
   */
  rewrapKeys(): Promise<number> {
    return this.assertActive().keys.rewrap();
  }

  /** Drops all keys from memory and stops listening to the store. */
  close(): void {
    this.active?.keys.close();
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    this.close();
  }

  /** Position of the event; undefined when the subject was forgotten before. */
  private async removeKey(keys: SubjectKeys, subject: string, notes: ForgetOptions): Promise<number | undefined> {
    for (let attempt = 1; ; attempt++) {
      const { key, forgotten, recordVersion } = await keys.look(subject);
      if (forgotten && key === undefined) return undefined;
      const records = keys.forgetting(subject, recordVersion, await this.log.store.now());
      try {
        const appends = [{ stream: `privacy-${subject}`, events: [new SubjectForgotten(subject)], ...notes }];
        return (await this.log.commit({ appends, records })).position;
      } catch (error) {
        const isRace = error instanceof RecordConflictError && error.collection === SUBJECT_KEYS;
        if (!isRace || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private assertActive(): Active {
    if (this.active === undefined) throw new PrivacyNotConfiguredError('Privacy');
    return this.active;
  }
}

/** In an older version its fields may have other names, and what is named would miss them. */
function assertWritten(
  { name, version, eventClass }: DescribedEventType,
  writeAs: Readonly<Record<string, number>>,
): void {
  const older = (writeAs[name] ?? version) < version;
  if (!older || personalFieldsOf(eventClass).every(({ fields }) => fields === undefined)) return;
  throw new PersonalDataDefinitionError(
    eventClass.name,
    `it is written in version ${writeAs[name]}, where its fields may have other names. Take it out of eventSourcing.writeAs, or encrypt all of it: @PersonalData({ subject }) without fields.`,
  );
}
