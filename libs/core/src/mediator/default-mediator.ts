import type { ResultOf, SendOptions } from '../messages/index.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import { Mediator } from './mediator.js';

/** The mediator of an application. */
export class DefaultMediator extends Mediator {
  private readonly inner: InnerMediator;

  constructor(private readonly dispatcher: Dispatcher) {
    super();
    this.inner = new InnerMediator(dispatcher);
  }

  override send<M extends object>(message: M, options?: SendOptions): Promise<ResultOf<M>> {
    return this.dispatcher.accept(message, options) as Promise<ResultOf<M>>;
  }

  override publish(events: object | readonly object[], options?: SendOptions): Promise<void> {
    return this.dispatcher.acceptEvents(events, options);
  }

  /** Who binds works on behalf of something that runs already, so it may go on while the application drains. */
  override bind(defaults: () => SendOptions): Mediator {
    return this.inner.bind(defaults);
  }
}

/** The mediator as the inside of the application uses it: open until everything has drained. */
class InnerMediator extends Mediator {
  constructor(private readonly dispatcher: Dispatcher) {
    super();
  }

  override send<M extends object>(message: M, options?: SendOptions): Promise<ResultOf<M>> {
    return this.dispatcher.dispatch(message, options, undefined) as Promise<ResultOf<M>>;
  }

  override publish(events: object | readonly object[], options?: SendOptions): Promise<void> {
    return this.dispatcher.publishIn(events, options, undefined);
  }
}
