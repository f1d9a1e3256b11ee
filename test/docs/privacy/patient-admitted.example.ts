import { Event, PersonalData } from '@catga/core';

@Event('patient-admitted')
@PersonalData<PatientAdmitted>({ subject: 'patientId', fields: ['name', 'born'], forgotten: { born: null } })
export class PatientAdmitted {
  constructor(
    readonly patientId: string,
    readonly name: string,
    readonly born: Date | null,
  ) {}
}
