import { Privacy } from '@catga/core';

export async function forget(privacy: Privacy, customerId: string, clerk: string): Promise<boolean> {
  const { forgotten } = await privacy.forget(customerId, { metadata: { user: clerk } });
  return forgotten; // false: somebody had done it before
}
