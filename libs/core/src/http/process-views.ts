import type {
  ProcessDetails,
  ProcessEventView,
  ProcessPage,
  ProcessStepView,
  ProcessSummary,
} from '../processes/index.js';
import { toJsonView, type ViewOptions } from './json-view.js';

/**
 * What the endpoints show of runs. Only what comes from the application (inputs, results, errors, event data) is
 * redacted and cut: a redacted field called `id` must not hide the id of the run.
 */
export class ProcessViews {
  constructor(private readonly options: ViewOptions) {}

  value(value: unknown): unknown {
    return toJsonView(value, this.options);
  }

  page({ processes, ...rest }: ProcessPage): object {
    return { processes: processes.map((process) => this.summary(process)), ...rest };
  }

  details({ input, result, steps, ...summary }: ProcessDetails): object {
    return {
      ...this.summary(summary),
      input: this.value(input),
      ...(result === undefined ? {} : { result: this.value(result) }),
      steps: steps.map((step) => this.step(step)),
    };
  }

  event({ data, ...event }: ProcessEventView): object {
    return { ...event, data: this.value(data) };
  }

  private summary<T extends Pick<ProcessSummary, 'error'>>({ error, ...summary }: T): object {
    return { ...summary, ...(error === undefined ? {} : { error: this.value(error) }) };
  }

  private step({ input, result, error, ...step }: ProcessStepView): object {
    const values = { input, result, error };
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    return { ...step, ...Object.fromEntries(given.map(([name, value]) => [name, this.value(value)])) };
  }
}
