import type { Redis } from 'ioredis';
import { messageOf } from './connection.errors.js';

/** What the server says of a login that it does not need, or does not understand, and what to do about it. */
const LOGINS: readonly (readonly [RegExp, string])[] = [
  [
    /no password is set|without any password configured for the default user/,
    'asks for no password, but was given one: it lets everybody in. Set requirepass, or leave the password out.',
  ],
  [/wrong number of arguments for 'auth'/, 'is too old for user names. Leave the username out, or update it to 7.0.'],
];

type Callback = (error: Error | null | undefined, text?: string) => void;

/**
 * Has a client of a node say to `warn` what it would write to the console by itself, whenever it connects: that the
 * password is not needed. That INFO is refused is no news, the store and the transport warn of it when they open.
 */
export function quiet(client: Redis, warn: (text: string) => void): void {
  const auth = client.auth.bind(client) as (login: unknown) => Promise<'OK'>;
  const info = client.info.bind(client) as (...sections: string[]) => Promise<string>;
  const quietAuth = async (login: unknown): Promise<'OK'> => {
    try {
      return await auth(login);
    } catch (error) {
      const text = LOGINS.find(([pattern]) => pattern.test(messageOf(error)))?.[1];
      if (text === undefined) throw error;
      warn(text);
      return 'OK';
    }
  };
  /** With a callback it is the client's own look whether the server is ready. */
  const quietInfo = async (...args: unknown[]): Promise<string> => {
    const last = args.at(-1);
    if (typeof last !== 'function') return info(...(args as string[]));
    const answer = (last as Callback).bind(client);
    const text = await info().catch((error: Error) => error);
    if (typeof text === 'string') answer(null, text);
    else if (messageOf(text).includes('NOPERM')) answer(null, '');
    else answer(text);
    return '';
  };
  Object.assign(client, { auth: quietAuth, info: quietInfo });
}
