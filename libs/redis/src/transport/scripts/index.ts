import { COMMON } from './common.lua.js';
import { REPLAY } from './dead-letters.lua.js';
import { ACKNOWLEDGE, FETCH, RECOVER, SETTLE } from './delivery.lua.js';
import { ANNOUNCE, OFFER, REQUEST } from './fleeting.lua.js';
import { GIVE_BACK, RELEASE, TEND } from './membership.lua.js';
import { PUBLISH } from './publish.lua.js';
import { Script } from './script.js';
import { REMOVE, SUBSCRIBE, WAITING } from './subscription.lua.js';

const script = (name: string, text: string): Script => new Script(name, COMMON + text);

/** Everything that the transport runs on the server. */
export const SCRIPTS = {
  publish: script('publish', PUBLISH),
  subscribe: script('subscribe', SUBSCRIBE),
  remove: script('remove', REMOVE),
  waiting: script('waiting', WAITING),
  tend: script('tend', TEND),
  release: script('release', RELEASE),
  giveBack: script('giveBack', GIVE_BACK),
  fetch: script('fetch', FETCH),
  acknowledge: script('acknowledge', ACKNOWLEDGE),
  recover: script('recover', RECOVER),
  settle: script('settle', SETTLE),
  replay: script('replay', REPLAY),
  offer: script('offer', OFFER),
  request: script('request', REQUEST),
  announce: script('announce', ANNOUNCE),
} as const;

export { Script } from './script.js';
