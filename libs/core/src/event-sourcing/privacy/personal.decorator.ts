import type { Type } from '../../messages/index.js';
import { PersonalDataDefinitionError } from './privacy.errors.js';

/** Whose data it is: the name of the field with the id of the person, or a function of the event. */
export type SubjectOf<E extends object = object> =
  Extract<keyof E, string> | ((event: E) => string | number | undefined | null);

/** Options of {@link PersonalData}. */
export interface PersonalDataOptions<E extends object> {
  readonly subject: SubjectOf<E>;
  /** The fields to encrypt. Default: all but the one that names the subject. */
  readonly fields?: readonly Extract<keyof E, string>[] | undefined;
  /** What these fields are once the subject is forgotten, where the placeholder of the application does not fit. */
  readonly forgotten?: { readonly [K in keyof E]?: unknown } | undefined;
}

/** Options of {@link Personal}. */
export interface PersonalOptions {
  /** What the field is once the subject is forgotten. Default: the placeholder of the application. */
  readonly forgotten?: unknown;
}

/** Fields of one subject in the events of a class. */
export interface PersonalFields {
  readonly subject: SubjectOf<Record<string, unknown>>;
  /** Undefined: all but the one that names the subject. */
  readonly fields: readonly string[] | undefined;
  readonly forgotten: Readonly<Record<string, unknown>>;
}

// On the class itself and looked for in its base classes: a derived event has the fields of its base.
const PERSONAL = Symbol.for('catga:personal-data');

/**
 * Says which fields of an event are personal data, and whose. They are encrypted with the key of that person before
 * they reach the store, and are gone for good when the person is forgotten. Give it more than once for several persons.
 *
 * The id of the person stays readable, as do the names of streams, tags and metadata: use an id that says nothing by
 * itself, never an e-mail address.
 *
 * @throws {PersonalDataDefinitionError} at load
 * @example
 * ```ts
 * @Event('customer-registered')
 * @PersonalData<CustomerRegistered>({ subject: 'customerId', fields: ['name', 'email'] })
 * export class CustomerRegistered {
 *   constructor(readonly customerId: string, readonly name: string, readonly email: string, readonly country: string) {}
 * }
 * ```
 */
export function PersonalData<E extends object>(options: PersonalDataOptions<E>): (target: Type<E>) => void {
  return (target) => {
    const { subject, fields, forgotten = {} } = options;
    add(target, { subject: subject as PersonalFields['subject'], fields, forgotten });
  };
}

/**
 * The same for a single field of a class that declares its fields.
 *
 * @param subject the name of the field with the id of the person, or a function of the event
 * @throws {PersonalDataDefinitionError} at load
 * @example
 * ```ts
 * export class CustomerRegistered {
 *   customerId!: string;
 *   @Personal('customerId') name!: string;
 *   @Personal('customerId', { forgotten: 0 }) yearOfBirth!: number;
 * }
 * ```
 */
export function Personal(
  subject: string | ((event: never) => string | number | undefined | null),
  options: PersonalOptions = {},
): PropertyDecorator {
  return (prototype, key) => {
    const owner = prototype.constructor as Type<object>;
    if (typeof key !== 'string') throw new PersonalDataDefinitionError(owner.name, 'a symbol is no field of an event.');
    const forgotten = 'forgotten' in options ? { [key]: options.forgotten } : {};
    const own = ownFields(owner);
    const same = own.find((one) => one.subject === subject && one.fields !== undefined);
    if (same === undefined) return add(owner, { subject, fields: [key], forgotten } as PersonalFields);
    const merged = { ...same, fields: [...(same.fields ?? []), key], forgotten: { ...same.forgotten, ...forgotten } };
    define(owner, [...own.filter((one) => one !== same), merged]);
  };
}

/** What is personal in the events of this class, that of its base classes included; empty when nothing is. */
export function personalFieldsOf(type: Type<object>): readonly PersonalFields[] {
  const found: PersonalFields[] = [];
  for (let at = type as object | null; typeof at === 'function'; at = Object.getPrototypeOf(at) as object | null)
    found.push(...ownFields(at));
  return found;
}

function add(owner: Type<object>, personal: PersonalFields): void {
  const { subject, fields } = personal;
  const fail = (problem: string): never => {
    throw new PersonalDataDefinitionError(owner.name, problem);
  };
  if (typeof subject !== 'function' && (typeof subject !== 'string' || subject === ''))
    fail('name the field with the id of the person, or give a function.');
  if (fields?.length === 0) fail('the list of its fields is empty. Name them, or leave fields out for all.');
  if (typeof subject === 'string' && fields?.includes(subject) === true)
    fail(`field "${subject}" names the person and must stay readable. Use an id that says nothing by itself.`);
  const before = ownFields(owner);
  const twice = fields?.find((field) => before.some((one) => one.fields?.includes(field) === true));
  if (twice !== undefined) fail(`field "${twice}" is given twice.`);
  if (before.some((one) => one.fields === undefined) || (fields === undefined && before.length > 0))
    fail('all of it belongs to one person already. Name the fields of each.');
  define(owner, [...before, personal]);
}

function ownFields(owner: object): readonly PersonalFields[] {
  return (Object.getOwnPropertyDescriptor(owner, PERSONAL)?.value as readonly PersonalFields[] | undefined) ?? [];
}

function define(owner: object, value: readonly PersonalFields[]): void {
  Object.defineProperty(owner, PERSONAL, { value, configurable: true });
}
