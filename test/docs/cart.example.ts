import {
  Command,
  CommandHandler,
  defineDecider,
  DeciderRepository,
  DomainError,
  Event,
  InjectRepository,
  type HandlerContext,
} from '@catga/core';

@Event('item-added')
export class ItemAdded {
  constructor(readonly sku: string) {}
}

@Event('checked-out')
export class CheckedOut {
  readonly done = true;
}

export class AddItem {
  constructor(readonly sku: string) {}
}

export class CheckOut {
  readonly now = true;
}

export type CartCommand = AddItem | CheckOut;
export type CartEvent = ItemAdded | CheckedOut;

export interface CartState {
  readonly items: readonly string[];
  readonly isOpen: boolean;
}

export const cart = defineDecider<CartState, CartCommand, CartEvent>({
  name: 'cart',
  events: [ItemAdded, CheckedOut],
  initialState: () => ({ items: [], isOpen: true }),
  decide: (command, state) => {
    if (command instanceof AddItem) return new ItemAdded(command.sku);
    if (state.items.length === 0) throw new DomainError('the cart is empty');
    return new CheckedOut();
  },
  evolve: (state, event) =>
    event instanceof ItemAdded ? { ...state, items: [...state.items, event.sku] } : { ...state, isOpen: false },
  isTerminal: (state) => !state.isOpen,
});

export class FillCart extends Command<number> {
  constructor(
    readonly cartId: string,
    readonly sku: string,
  ) {
    super();
  }
}

@CommandHandler(FillCart)
export class FillCartHandler {
  constructor(@InjectRepository(cart) private readonly carts: DeciderRepository<CartState, CartCommand, CartEvent>) {}

  async execute({ cartId, sku }: FillCart, context: HandlerContext): Promise<number> {
    const { state } = await this.carts.handle(cartId, new AddItem(sku), { context }); // and events, version, position
    return state.items.length;
  }
}
