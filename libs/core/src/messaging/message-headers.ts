import type { MessageContext, SendOptions } from '../messages/index.js';

/** Headers of ours. What is not said here belongs to the application. */
export const HEADERS = {
  type: 'catga-type',
  version: 'catga-version',
  codec: 'catga-codec',
  correlationId: 'catga-correlation-id',
  causationId: 'catga-causation-id',
  tenant: 'catga-tenant',
  idempotencyKey: 'catga-idempotency-key',
  /** Milliseconds that the caller of a request waits. */
  timeout: 'catga-timeout',
  /** Of a reply: `ok` or `error`. */
  status: 'catga-status',
  /** Of a reply: the node that answered. */
  node: 'catga-node',
  /** Headers that transports cannot carry as they are, as JSON. */
  others: 'catga-headers',
  traceparent: 'traceparent',
} as const;

/** What of a context travels. */
export type TravellingContext = {
  readonly [Field in 'correlationId' | 'causationId' | 'tenant' | 'traceparent' | 'idempotencyKey' | 'headers']?:
    MessageContext[Field] | undefined;
};

const SAFE_NAME = /^[a-z0-9_-]+$/;
const UNSAFE_VALUE = /[\r\n\0]|^\s|\s$/;
const CONTEXT = ['correlationId', 'causationId', 'tenant', 'idempotencyKey', 'traceparent'] as const;

/** What {@link HEADERS.others} holds. */
interface Others {
  readonly headers?: Readonly<Record<string, string>>;
  readonly context?: Readonly<Record<string, string>>;
}

/** Headers of a message: its context, and whatever else is said. */
export function writeHeaders(
  context: TravellingContext,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const written: Record<string, string> = { ...own };
  const others = { headers: {} as Record<string, string>, context: {} as Record<string, string> };
  for (const [name, value] of Object.entries(context.headers ?? {})) {
    const isPlain = SAFE_NAME.test(name) && !isReserved(name) && !UNSAFE_VALUE.test(value);
    (isPlain ? written : others.headers)[name] = value;
  }
  for (const field of CONTEXT) {
    const value = context[field];
    if (value === undefined) continue;
    if (UNSAFE_VALUE.test(value)) others.context[field] = value;
    else written[HEADERS[field]] = value;
  }
  const isAnyLeft = Object.keys(others.headers).length + Object.keys(others.context).length > 0;
  return isAnyLeft ? { ...written, [HEADERS.others]: JSON.stringify(others) } : written;
}

/** The context that came with a message. What nobody said is left out. */
export function readHeaders(found: Readonly<Record<string, string>>): SendOptions {
  const others = othersOf(found);
  const context = CONTEXT.flatMap((field) => {
    const value = others.context?.[field] ?? found[HEADERS[field]];
    return value === undefined ? [] : [[field, value] as const];
  });
  const plain = Object.entries(found).filter(([name]) => !isReserved(name));
  return { ...Object.fromEntries(context), headers: { ...Object.fromEntries(plain), ...others.headers } };
}

function isReserved(name: string): boolean {
  return name.startsWith('catga-') || name === HEADERS.traceparent;
}

function othersOf(found: Readonly<Record<string, string>>): Others {
  const text = found[HEADERS.others];
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Written by somebody else; the message is worth more than its headers.
    return {};
  }
}
