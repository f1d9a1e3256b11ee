import type { Codec, Store } from '../../store/index.js';
import { ProcessUnknownError } from '../api/process.errors.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import { valuesFor, type Values } from '../journal/values.js';
import { CompiledProcess } from './compiled-process.js';

/** A process class, ready to run on this store. */
export interface RegisteredProcess {
  readonly process: CompiledProcess;
  readonly values: Values;
}

/** The process classes of one engine. */
export class ProcessRegistry {
  private readonly processes = new Map<string, RegisteredProcess>();

  constructor(
    private readonly store: Store,
    private readonly codec: Codec,
  ) {}

  add(blueprint: ProcessBlueprint, instance: object): void {
    this.processes.set(blueprint.name, {
      process: new CompiledProcess(blueprint, instance),
      values: valuesFor(this.store, blueprint.codec ?? this.codec),
    });
  }

  find(name: string): RegisteredProcess | undefined {
    return this.processes.get(name);
  }

  /** @throws {ProcessUnknownError} */
  get(name: string): RegisteredProcess {
    const found = this.processes.get(name);
    if (!found) throw new ProcessUnknownError(name, [...this.processes.keys()]);
    return found;
  }

  /** How values of a process are kept; of one that this node does not know, with the default codec. */
  values(name: string): Values {
    return this.processes.get(name)?.values ?? valuesFor(this.store, this.codec);
  }

  /** Former step names of a process. */
  renames(name: string): ReadonlyMap<string, string> {
    return this.processes.get(name)?.process.renames ?? NO_RENAMES;
  }
}

const NO_RENAMES: ReadonlyMap<string, string> = new Map();
