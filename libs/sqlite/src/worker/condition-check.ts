import type { ConditionRow } from './batch-extras.js';
import type { Connection, Statement } from './driver.js';
import { anyAfterSql } from './log-sql.js';

/** Shapes of queries whose statements are kept; a program has a handful. */
const MOST_STATEMENTS = 100;

/** Looks for events that an append condition does not allow. */
export class ConditionCheck {
  private readonly statements = new Map<string, Statement>();

  constructor(private readonly connection: Connection) {}

  /** Position of an event after that of the condition that matches it. All events must have been written to the file. */
  find({ filters, after }: ConditionRow): number | undefined {
    const { sql, cells } = anyAfterSql(filters, after);
    const position = this.statement(sql).all(cells)[0]?.[0];
    return position === undefined ? undefined : Number(position);
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      if (this.statements.size >= MOST_STATEMENTS) this.statements.clear();
      statement = this.connection.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }
}
