import type { Transport } from '@catga/core';
import type { CatgaServer } from '@catga/core/microservices';

export async function replayFailed(strategy: CatgaServer) {
  const { deadLetters } = strategy.unwrap<Transport>();
  const subscription = strategy.subscriptionOf('shop.order-placed');
  const { letters } = await deadLetters.list({ subscription });
  for (const { id, error, attempts } of letters) console.log(`${id}: ${error.message} after ${attempts} attempts`);
  return deadLetters.replay(
    subscription,
    letters.map(({ id }) => id),
  );
}
