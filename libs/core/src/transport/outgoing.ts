import { assertSubject } from './subjects.js';
import type { QoS, Reply, TransportMessage } from './transport-message.js';
import type { TransportCapabilities } from './transport.js';
import { InvalidTransportMessageError, UnsupportedQoSError } from './transport.errors.js';

const HEADER_NAME = /^[a-z0-9_-]+$/;
const LINE_BREAK = /[\r\n\0]/;

/**
 * The quality that was asked for, 1 if none was.
 *
 * @throws {UnsupportedQoSError} the transport cannot give it
 */
export function assertQoS(capabilities: TransportCapabilities, qos: QoS = 1): QoS {
  if (!capabilities.qos.includes(qos)) throw new UnsupportedQoSError(capabilities.name, qos, capabilities.qos);
  return qos;
}

/**
 * Refuses what some broker would mangle, so that a message which one transport takes all of them do.
 *
 * @throws {InvalidSubjectError} @throws {InvalidTransportMessageError}
 */
export function assertOutgoing(message: TransportMessage): void {
  assertSubject(message.subject);
  const { id, key, body, headers } = message;
  if (typeof id !== 'string' || id === '' || LINE_BREAK.test(id)) {
    throw new InvalidTransportMessageError(String(id), 'its id is not a text of one line');
  }
  if (key !== undefined && (typeof key !== 'string' || LINE_BREAK.test(key))) {
    throw new InvalidTransportMessageError(id, 'its key is not a text of one line');
  }
  assertContent(id, body, headers);
}

/** {@link assertOutgoing} for the answer to a request. */
export function assertReply(requestId: string, reply: Reply): void {
  assertContent(requestId, reply?.body, reply?.headers);
}

/** Bytes of a message as the limits of transports count them: id, subject, key, headers and body. */
export function messageSize({ id, subject, key = '', headers, body }: TransportMessage): number {
  return contentSize({ body, ...(headers && { headers }) }) + Buffer.byteLength(id + subject + key);
}

/** Bytes of headers and body. */
export function contentSize({ headers = {}, body }: Reply): number {
  let size = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  for (const [name, value] of Object.entries(headers)) size += Buffer.byteLength(name) + Buffer.byteLength(value);
  return size;
}

function assertContent(id: string, body: unknown, headers: unknown): void {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new InvalidTransportMessageError(id, 'its body is neither text nor bytes; encode it first');
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!HEADER_NAME.test(name)) {
      throw new InvalidTransportMessageError(
        id,
        `header "${name}" has a name of other than lower case letters, digits, "-" and "_"`,
      );
    }
    if (typeof value !== 'string' || LINE_BREAK.test(value)) {
      throw new InvalidTransportMessageError(id, `header "${name}" is not a text of one line`);
    }
  }
}
