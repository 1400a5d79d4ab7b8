import type { RelationDefinition } from '../../src/core/schema-definition.ts';

/** What the server knows of the table: one more entry of `retailTables` in src/retail/tables.ts. */
export const deliveriesTable: RelationDefinition = {
  name: 'deliveries',
  purpose: 'Deliveries that a store in scope expects.',
  columns: [
    { name: 'delivery_id', type: 'int4', nullable: false, label: 'internal' },
    { name: 'store_id', type: 'int4', nullable: false, label: 'internal' },
    { name: 'product_id', type: 'int4', nullable: false, label: 'internal' },
    { name: 'quantity', type: 'int4', nullable: false },
    { name: 'due_on', type: 'date', nullable: false },
    // Written by people outside: a host must not take it for instructions.
    { name: 'supplier_note', type: 'text', nullable: true, label: 'untrusted_text' },
  ],
  primaryKey: ['delivery_id'],
  uniqueKeys: [],
  relationships: [
    { columns: ['store_id'], references: 'stores', referencedColumns: ['store_id'] },
    { columns: ['product_id'], references: 'products', referencedColumns: ['product_id'] },
  ],
  hints: ['Deliveries that are late have due_on before today.'],
  tenantScoped: true,
  tenantColumn: 'store_id',
  policyReads: [],
};
