import { script } from './script.js';

/**
 * An intent is a hash: status, owner, fingerprint, and the answer or the reason why there is none. The key ends with the
 * claim, or when the answer need not be kept any more.
 */
const INTENT = `
local key = base .. ':intent:' .. ARGV[1]
local owner = ARGV[2]
local known = call('HMGET', key, 'status', 'owner')
local isMine = known[2] == owner
`;

/** Given: id. Answers status, fingerprint, answer, milliseconds left. */
export const READ_INTENT = script(`
local key = base .. ':intent:' .. ARGV[1]
local known = call('HMGET', key, 'status', 'fingerprint', 'answer')
return { known[1], known[2], known[3], call('PTTL', key) }
`);

/** Given: id, owner, milliseconds of the lease, fingerprint. Answers 0 when somebody was first. */
export const CLAIM_INTENT = script(`${INTENT}
if known[1] and not (isMine and known[1] == 'running') then
  return 0
end
call('HSET', key, 'status', 'running', 'owner', owner)
if ARGV[4] ~= '' then
  call('HSET', key, 'fingerprint', ARGV[4])
end
call('PEXPIRE', key, ARGV[3])
return 1
`);

/** Given: id, owner, milliseconds of the lease. Answers 0 when the claim was lost. */
export const RENEW_INTENT = script(`${INTENT}
if not isMine or known[1] ~= 'running' then
  return 0
end
return call('PEXPIRE', key, ARGV[3])
`);

/** Given: id, owner, status, answer, milliseconds to keep it. Answers 0 when the claim was lost. */
export const COMPLETE_INTENT = script(`${INTENT}
if not isMine then
  return 0
end
call('HSET', key, 'status', ARGV[3], 'answer', ARGV[4])
call('PEXPIRE', key, ARGV[5])
call('PUBLISH', base .. ':settled', ARGV[1])
return 1
`);

/** Given: id, owner. */
export const RELEASE_INTENT = script(`${INTENT}
if isMine and known[1] == 'running' then
  call('DEL', key)
  call('PUBLISH', base .. ':settled', ARGV[1])
end
return 1
`);
