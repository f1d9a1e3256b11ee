import type { EventShape } from '../../store/index.js';
import type { EventMeta, JournalEventType } from '../journal/journal-event.js';

/**
 * One call of a step in the order of its calls, as every run that gets so far has it: its key, and what the journal
 * says about it apart from time and values.
 */
export class StepSlot {
  /** Its first attempt begins. */
  readonly started: EventShape;
  readonly completed: EventShape;

  constructor(
    /** Key of the step in its run: name and occurrence. */
    readonly key: string,
  ) {
    this.started = new SlotStarted(key);
    this.completed = new SlotCompleted(key);
  }
}

// Metadata is made for each reader: it is theirs to change.
class SlotStarted implements EventShape {
  constructor(private readonly step: string) {}
  get type(): JournalEventType {
    return 'ProcessStepStarted';
  }
  get metadata(): EventMeta {
    return { step: this.step, attempt: 1 };
  }
}

class SlotCompleted implements EventShape {
  constructor(private readonly step: string) {}
  get type(): JournalEventType {
    return 'ProcessStepCompleted';
  }
  get metadata(): EventMeta {
    return { step: this.step };
  }
}
