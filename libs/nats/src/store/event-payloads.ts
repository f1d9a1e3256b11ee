import type { StoredEvent } from '@catga/core';
import { refHasMetadata, refIndex, refSequence, type EventRef } from './event-ref.js';
import type { PayloadCache } from './payload-cache.js';
import type { PayloadSection } from './wire/payload-section.js';

/** Messages that are fetched at the same time. */
const AT_ONCE = 32;

/** Events with what they carry, in place of references to it. */
export async function withPayloads(
  events: readonly StoredEvent[],
  cache: PayloadCache,
): Promise<readonly StoredEvent[]> {
  const sections = new Map<number, PayloadSection>();
  const missing: number[] = [];
  for (const { data } of events) {
    const sequence = refSequence(data as EventRef);
    if (sections.has(sequence)) continue;
    const section = cache.find(sequence);
    if (section === undefined) missing.push(sequence);
    // Kept in hand: loading others may push it out of the cache.
    else sections.set(sequence, section);
  }
  if (missing.length > 0) await loadAll([...new Set(missing)], sections, cache);
  return events.map((event) => filled(event, sections));
}

async function loadAll(
  missing: readonly number[],
  sections: Map<number, PayloadSection>,
  cache: PayloadCache,
): Promise<void> {
  let next = 0;
  const load = async (): Promise<void> => {
    for (let index = next++; index < missing.length; index = next++) {
      const sequence = missing[index] as number;
      sections.set(sequence, await cache.load(sequence));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, missing.length) }, load));
}

function filled(event: StoredEvent, sections: ReadonlyMap<number, PayloadSection>): StoredEvent {
  const ref = event.data as EventRef;
  const section = sections.get(refSequence(ref)) as PayloadSection;
  const index = refIndex(ref);
  const data = section.at(index);
  return refHasMetadata(ref) ? { ...event, data, metadata: section.at(index + 1) } : { ...event, data };
}
