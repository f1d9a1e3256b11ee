import { Module } from '@nestjs/common';
import { CatgaModule } from '@catga/core';

@Module({
  imports: [
    CatgaModule.forRoot({
      eventSourcing: {
        // openssl rand -base64 32, from a secret store. Without a master key the application does not start.
        privacy: { masterKeys: [{ id: '2026', key: process.env['MASTER_KEY'] ?? '' }] },
      },
    }),
  ],
})
export class AppModule {}
