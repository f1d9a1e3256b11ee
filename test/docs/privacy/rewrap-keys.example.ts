import { Privacy } from '@catga/core';

export async function afterDeployment(privacy: Privacy): Promise<number> {
  return privacy.rewrapKeys(); // afterwards the old key can be taken out of the options
}
