import { Event, PersonalData } from '@catga/core';

@Event('customer-registered')
@PersonalData<CustomerRegistered>({ subject: 'customerId', fields: ['name', 'email'] })
export class CustomerRegistered {
  constructor(
    readonly customerId: string,
    readonly name: string,
    readonly email: string,
    readonly country: string,
  ) {}
}
