import type { CommitNotice } from '../../store/index.js';
import type { Type } from '../../messages/index.js';
import { readProjectionOptions } from '../definition/projection.decorator.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { ProjectionDefinitionError, UnknownProjectionError } from '../projection.errors.js';
import { CHECKPOINTS, LEASES, MEMBERS, PROJECTIONS } from '../state/collections.js';
import { ProjectionNode } from './projection-node.js';
import type { ProjectionScope } from './scope.js';

/** A projection by its class or by its name. */
export type ProjectionReference = string | Type<object>;

/** What runs where may change with these. */
const RECONCILED: readonly string[] = [PROJECTIONS, LEASES, MEMBERS];

/** All projections of an application, and what tells them that something has happened. */
export class ProjectionSet {
  private readonly nodes = new Map<string, ProjectionNode>();
  private unsubscribe: (() => void) | undefined;
  private leaseTimer: NodeJS.Timeout | undefined;

  constructor(readonly scope: ProjectionScope) {}

  /** @throws {ProjectionDefinitionError} two have the same name */
  add(definition: ProjectionDefinition): ProjectionNode {
    const other = this.nodes.get(definition.name)?.definition;
    if (other !== undefined) {
      throw new ProjectionDefinitionError(definition.className, [
        `${other.className} has the name "${definition.name}" already. Give one of them another.`,
      ]);
    }
    const node = new ProjectionNode(definition, this.scope);
    this.nodes.set(definition.name, node);
    return node;
  }

  get all(): readonly ProjectionNode[] {
    return [...this.nodes.values()];
  }

  /** @throws {UnknownProjectionError} */
  get(projection: ProjectionReference): ProjectionNode {
    const name = typeof projection === 'string' ? projection : nameOf(projection);
    const node = this.nodes.get(name);
    if (node === undefined) throw new UnknownProjectionError(name, [...this.nodes.keys()]);
    return node;
  }

  /** Listens to the store, and looks for shards whose node is gone. */
  watch(): void {
    if (this.nodes.size === 0 || this.unsubscribe !== undefined) return;
    const { store, options } = this.scope;
    this.unsubscribe = store.onCommit((notice) => this.noticed(notice));
    if (!store.capabilities.shared) return;
    this.leaseTimer = setInterval(() => this.reconcile(), options.lease / 3).unref();
  }

  unwatch(): void {
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    clearInterval(this.leaseTimer);
  }

  private noticed({ streams, collections }: CommitNotice): void {
    if (streams === undefined || streams.length > 0) this.scope.appended.fire();
    if (collections === undefined || RECONCILED.some((name) => collections.includes(name))) this.reconcile();
    if (collections === undefined || collections.includes(CHECKPOINTS)) {
      for (const node of this.nodes.values()) node.progress.fire();
    }
  }

  private reconcile(): void {
    for (const node of this.nodes.values()) if (node.store === this.scope.store) void node.reconcile();
  }
}

function nameOf(type: Type<object>): string {
  return readProjectionOptions(type)?.name ?? type.name;
}
