import { modelValues } from '../model/model-values.js';
import type { ReadModel, ReadModelDefinition, ReadModelPage, ReadModelQuery } from '../model/read-model.js';
import { UnknownReadModelError } from '../projection.errors.js';
import { modelCollection } from '../state/collections.js';
import type { ProjectionNode } from './projection-node.js';
import type { ProjectionReference, ProjectionSet } from './projection-set.js';

/** Milliseconds for which a node may read by what it knew last, at most. Notices keep it fresh as a rule. */
const FRESH = 5_000;

/**
 * Gives the application its read models. Injectable.
 *
 * @example
 * ```ts
 * @Controller('orders')
 * export class OrdersController {
 *   constructor(private readonly models: ReadModels) {}
 *   @Get(':id') order(@Param('id') id: string) { return this.models.of(OrderList, Orders).get(id); }
 * }
 * ```
 */
export class ReadModels {
  constructor(private readonly projections: () => ProjectionSet) {}

  /**
   * A read model of a projection; without a model, the first one.
   *
   * @throws {UnknownProjectionError} {@link UnknownReadModelError}
   */
  of<T = unknown>(projection: ProjectionReference, model?: ReadModelDefinition<T> | string): ReadModel<T> {
    const node = this.projections().get(projection);
    const known = node.definition.models.map(({ name }) => name);
    const name = (typeof model === 'string' ? model : model?.name) ?? (known[0] as string);
    if (!known.includes(name)) throw new UnknownReadModelError(node.definition.name, name, known);
    return new LiveReadModel<T>(node, this.projections(), name);
  }
}

/** Reads whatever generation is live. */
class LiveReadModel<T> implements ReadModel<T> {
  constructor(
    private readonly node: ProjectionNode,
    private readonly projections: ProjectionSet,
    private readonly name: string,
  ) {}

  async get(key: string): Promise<T | undefined> {
    const collection = await this.collection();
    const record = collection === undefined ? undefined : await this.node.store.getRecord(collection, key);
    return record === undefined ? undefined : (this.values.decode(record.value) as T);
  }

  async find({ tags, order, limit, cursor }: ReadModelQuery = {}): Promise<ReadModelPage<T>> {
    const collection = await this.collection();
    if (collection === undefined) return { items: [] };
    const page = await this.node.store.findRecords({
      collection,
      ...(tags === undefined ? {} : { tags }),
      ...(order === undefined ? {} : { order }),
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const { values } = this;
    const items = page.records.map(({ key, value, updatedAt }) => ({
      key,
      value: values.decode(value) as T,
      updatedAt,
    }));
    return { items, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  }

  private get values() {
    return modelValues(this.node.store, this.projections.scope.codec);
  }

  /** The collection of the live generation; undefined before there is one. */
  private async collection(): Promise<string | undefined> {
    // Far less than an old model is kept, so that none is read after it was removed.
    const { live } = await this.node.freshState(Math.min(FRESH, this.projections.scope.options.removeAfter / 3));
    return live && modelCollection(this.node.definition.name, live.generation)(this.name);
  }
}
