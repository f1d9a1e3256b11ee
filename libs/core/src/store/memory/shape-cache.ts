import type { EventShape, NewEvent } from '../store.js';
import type { PayloadPolicy } from './payload-policy.js';

/** Types that are remembered; a program has a few hundred. */
const MOST = 10_000;

/**
 * What events are apart from their time and data. Most have a type and metadata that they share with others, and share
 * one object then: neither the event that was appended nor another object need be kept for each, which is a third of the
 * memory and of the work of the garbage collector.
 */
export class ShapeCache {
  /** By type: those without metadata, and the last ones with metadata that is one object. */
  private readonly bare = new Map<string, EventShape>();
  private readonly last = new Map<string, EventShape>();

  constructor(private readonly payloads: PayloadPolicy) {}

  shapeOf({ type, metadata, tags }: NewEvent): EventShape {
    // A text is one event's own.
    if (tags !== undefined || typeof metadata === 'string') return this.make(type, metadata, tags);
    const shapes = metadata === undefined ? this.bare : this.last;
    const known = shapes.get(type);
    if (known !== undefined && known.metadata === metadata) return known;
    const shape = this.make(type, metadata, undefined);
    if (known !== undefined || shapes.size < MOST) shapes.set(type, shape);
    return shape;
  }

  private make(type: string, metadata: unknown, tags: readonly string[] | undefined): EventShape {
    const hasTags = tags !== undefined && tags.length > 0;
    if (metadata === undefined) return hasTags ? { type, tags: [...new Set(tags)] } : { type };
    const kept = this.payloads.take(metadata);
    return hasTags ? { type, metadata: kept, tags: [...new Set(tags)] } : { type, metadata: kept };
  }
}
