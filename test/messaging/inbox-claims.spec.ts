import { Inbox, MemoryStore, RecordConflictError, type RecordWrite, type Store } from '@catga/core';
import { removePlace, serverPlaces, SQLITE, type PlaceKind } from '../support/new-place.js';
import { storeAt } from '../support/places.mjs';

/** Opens a store that a test may fill, and says how to get rid of it. */
type Make = () => Promise<{ store: Store; remove: () => Promise<void> }>;

const onPlace =
  ({ create }: PlaceKind): Make =>
  async () => {
    const place = create();
    const store = storeAt(place);
    await store.open();
    const remove = async (): Promise<void> => {
      await store.close();
      await removePlace(place);
    };
    return { store, remove };
  };

const stores: { name: string; make: Make }[] = [
  { name: 'memory', make: async () => ({ store: new MemoryStore({ mode: 'copy' }), remove: async () => undefined }) },
  ...[SQLITE, ...serverPlaces('one')].map((kind) => ({ name: kind.name, make: onPlace(kind) })),
];

/** Milliseconds. */
const LEASE = 200;

describe.each(stores)('claims of messages of QoS 2 on $name', ({ make }) => {
  let store: Store;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ store, remove } = await make());
  });
  afterAll(() => remove());

  const inbox = (keepFor = 60_000): Inbox => new Inbox(store, { keepFor, lease: LEASE });
  /** Handles a message, gets the entry of its inbox, and says whether it was handled here. */
  const handle = (id: string, work: (entry: readonly RecordWrite[]) => Promise<unknown>, keepFor?: number) => {
    const own = inbox(keepFor);
    const delivery = { subscription: 'ledger', attempt: 1, publishedAt: 0 };
    return own.once(id, delivery, async () => work(await own.entry({ delivery })));
  };
  const pass = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const refused = expect.any(RecordConflictError) as unknown;
  const commit = async (records: readonly RecordWrite[]): Promise<unknown> => {
    try {
      await store.commit({ records });
      return 'committed';
    } catch (error) {
      return error;
    }
  };

  it('that ran out cannot be completed in place of those of the next one', async () => {
    const outcomes: unknown[] = [];
    await handle('frozen', async (late) => {
      await pass(LEASE + 50);
      await handle('frozen', async (entry) => {
        outcomes.push(await commit(late), await commit(entry));
      });
    });
    expect(outcomes).toEqual([refused, 'committed']);
    expect(await handle('frozen', async () => undefined)).toBe(false);
  });

  it('cannot be completed when another one has failed and a third one has it now', async () => {
    const outcomes: unknown[] = [];
    await handle('failed', async (late) => {
      await pass(LEASE + 50);
      const failing = handle('failed', () => Promise.reject(new Error('declined')));
      await expect(failing).rejects.toThrow('declined');
      await handle('failed', async (entry) => {
        outcomes.push(await commit(late), await commit(entry));
      });
    });
    expect(outcomes).toEqual([refused, 'committed']);
  });

  it('cannot be completed when the message was handled, forgotten, and is handled anew', async () => {
    const outcomes: unknown[] = [];
    await handle('forgotten', async (late) => {
      await pass(LEASE + 50);
      expect(await handle('forgotten', commit, 100)).toBe(true);
      expect(await handle('forgotten', commit, 100)).toBe(false);
      await pass(150);
      await handle('forgotten', async (entry) => {
        outcomes.push(await commit(late), await commit(entry));
      });
    });
    expect(outcomes).toEqual([refused, 'committed']);
  });

  it('can be completed late when nobody else has taken the message', async () => {
    let outcome: unknown;
    await handle('late', async (entry) => {
      await pass(LEASE + 50);
      outcome = await commit(entry);
    });
    expect(outcome).toBe('committed');
    expect(await handle('late', async () => undefined)).toBe(false);
  });
});
