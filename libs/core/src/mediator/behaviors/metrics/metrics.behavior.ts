import { Injectable } from '@nestjs/common';
import type { HandlerContext } from '../../../messages/index.js';
import type { DispatchTarget, Next, PipelineBehavior } from '../../pipeline/pipeline-behavior.js';
import { MediatorMetrics, type MessageRecorder } from './mediator-metrics.js';

/** Records how long handlers take and how often they fail into {@link MediatorMetrics}. */
@Injectable()
export class MetricsBehavior implements PipelineBehavior {
  constructor(private readonly metrics: MediatorMetrics) {}

  prepare(target: DispatchTarget): PipelineBehavior {
    return new RecordingBehavior(this.metrics.recorder(target));
  }

  /** Never called: every target gets a behaviour of its own. */
  handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    return next(message, context);
  }
}

class RecordingBehavior implements PipelineBehavior {
  constructor(private readonly recorder: MessageRecorder) {}

  async handle(message: object, next: Next, context: HandlerContext): Promise<unknown> {
    const { recorder } = this;
    const begun = performance.now();
    recorder.running++;
    try {
      return await next(message, context);
    } catch (error) {
      recorder.failures++;
      throw error;
    } finally {
      recorder.running--;
      recorder.durations.record(performance.now() - begun);
    }
  }
}
