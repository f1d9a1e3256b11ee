import type { DispatchTarget, MessageKind } from '../../pipeline/pipeline-behavior.js';
import { Histogram } from './histogram.js';

/** How one message type did with one handler. Durations are milliseconds. */
export interface MessageMetrics {
  readonly kind: MessageKind;
  /** Wire name of the message. */
  readonly message: string;
  readonly handler: string;
  /** How many were handled, failed ones included. */
  readonly count: number;
  readonly failures: number;
  /** How many are being handled now. */
  readonly running: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What one pipeline records into. */
export class MessageRecorder {
  readonly durations = new Histogram();
  failures = 0;
  running = 0;

  constructor(readonly target: DispatchTarget) {}

  snapshot(): MessageMetrics {
    const { durations, failures, running, target } = this;
    return {
      kind: target.kind,
      message: target.messageName,
      handler: target.handlerName,
      count: durations.count,
      failures,
      running,
      mean: durations.mean,
      p50: durations.percentile(0.5),
      p95: durations.percentile(0.95),
      p99: durations.percentile(0.99),
      max: durations.max,
    };
  }
}

/**
 * Counts, failures and durations by message type and handler, recorded by `MetricsBehavior`. Injectable.
 *
 * @example
 * ```ts
 * const slow = this.metrics.snapshot().filter((message) => message.p99 > 500);
 * ```
 */
export class MediatorMetrics {
  private readonly recorders = new Map<string, MessageRecorder>();

  /** Where a pipeline records; the same for the same message and handler. */
  recorder(target: DispatchTarget): MessageRecorder {
    const key = `${target.kind} ${target.messageName} ${target.handlerName}`;
    const known = this.recorders.get(key);
    if (known !== undefined) return known;
    const recorder = new MessageRecorder(target);
    this.recorders.set(key, recorder);
    return recorder;
  }

  /** Everything recorded since the start or the last {@link reset}, the busiest first. */
  snapshot(): readonly MessageMetrics[] {
    return [...this.recorders.values()].map((recorder) => recorder.snapshot()).sort((a, b) => b.count - a.count);
  }

  /** Begins anew, e.g. after a period was exported. What runs stays counted as running. */
  reset(): void {
    for (const recorder of this.recorders.values()) {
      recorder.durations.reset();
      recorder.failures = 0;
    }
  }
}
