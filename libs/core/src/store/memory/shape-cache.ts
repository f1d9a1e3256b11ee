import type { EventShape, NewEvent } from '../store.js';
import type { PayloadPolicy } from './payload-policy.js';

/** Types that are remembered; a program has a few hundred. */
const MOST = 10_000;

/**
 * What events are apart from their time and data. Most have a type and nothing else, and share one object a type: the
 * event that was appended need not be kept then, which is a third of the memory and of the work of the garbage
 * collector.
 */
export class ShapeCache {
  private readonly shapes = new Map<string, EventShape>();

  constructor(private readonly payloads: PayloadPolicy) {}

  shapeOf({ type, metadata, tags }: NewEvent): EventShape {
    if (metadata !== undefined || tags !== undefined) return this.make(type, metadata, tags);
    const known = this.shapes.get(type);
    if (known !== undefined) return known;
    const shape = { type };
    if (this.shapes.size < MOST) this.shapes.set(type, shape);
    return shape;
  }

  private make(type: string, metadata: unknown, tags: readonly string[] | undefined): EventShape {
    return {
      type,
      ...(metadata !== undefined && { metadata: this.payloads.take(metadata) }),
      ...(tags !== undefined && tags.length > 0 && { tags: [...new Set(tags)] }),
    };
  }
}
