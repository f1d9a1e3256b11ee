import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { amountOf } from '../src/orders/order-item.js';
import { generateOrders } from '../src/tools/load/generated-orders.js';
import { readNorthwind } from '../src/tools/load/northwind.js';
import { fingerprint, firstOrders } from '../src/tools/load/order-book.js';
import { RestockPlan } from '../src/tools/load/restock-plan.js';

const ORDERS = `orderID,customerID,employeeID,orderDate,requiredDate,shippedDate,shipVia,freight,shipName,shipAddress,shipCity,shipRegion,shipPostalCode,shipCountry
1,VINET,5,1996-07-04,1996-08-01,NULL,3,32.38,Vins et alcools,59 rue de l'Abbaye,Reims,NULL,51100,France
2,HANAR,4,1996-07-08,1996-08-05,NULL,2,65.83,Hanari Carnes,Rua do Paço, 67,Rio de Janeiro,RJ,05454-876,Brazil
3,HANAR,4,1996-07-08,1996-08-05,NULL,2,65.83,Hanari Carnes,Rua do Paço, 67, 2nd floor,Rio de Janeiro,RJ,05454-876,Brazil
4,HANAR,4,1996-07-08,1996-08-05,NULL,2,65.83,"Hanari ""H"" Carnes, Ltda","Rua do Paço, 67",Rio de Janeiro,RJ,05454-876,Brazil
`;
const LINES = `orderID,productID,unitPrice,quantity,discount
1,11,14.00,12,0
1,42,9.80,10,0.15
2,11,7.70,5,0
3,11,7.70,5,0
4,42,1,1,0
`;
const PRODUCTS = `productID,productName,supplierID,categoryID,quantityPerUnit,unitPrice,unitsInStock,unitsOnOrder,reorderLevel,discontinued
11,Queso Cabrales,5,4,1 kg pkg.,21.00,22,30,30,0
42,Singaporean Hokkien Fried Mee,20,5,32 - 1 kg pkgs.,14.00,26,0,0,1
`;
const CUSTOMERS = `customerID,companyName,contactName,contactTitle,address,city,region,postalCode,country,phone,fax
VINET,Vins et alcools,Paul Henriot,Manager,59 rue de l'Abbaye,Reims,NULL,51100,France,26.47.15.10,NULL
HANAR,Hanari Carnes,Mario Pontes,Manager,Rua do Paço, 67,Rio de Janeiro,RJ,05454-876,Brazil,(21) 555-0091,NULL
`;

describe('reading the Northwind files', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catga-sample-'));
    write('orders.csv', ORDERS);
    write('order-details.csv', LINES);
    write('products.csv', PRODUCTS);
    write('customers.csv', CUSTOMERS);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

  it('reads an address with commas that are not quoted from both ends of the row', () => {
    const book = readNorthwind(folder);
    expect(book.orders.map((order) => order.address)).toEqual([
      "Vins et alcools, 59 rue de l'Abbaye, Reims, 51100, France",
      'Hanari Carnes, Rua do Paço, 67, Rio de Janeiro, RJ, 05454-876, Brazil',
      'Hanari Carnes, Rua do Paço, 67, 2nd floor, Rio de Janeiro, RJ, 05454-876, Brazil',
      'Hanari "H" Carnes, Ltda, Rua do Paço, 67, Rio de Janeiro, RJ, 05454-876, Brazil',
    ]);
    expect(book.repairedRows).toBe(2);
    expect(book.unreadable).toEqual([]);
  });

  it('computes the amount from the lines and their discounts', () => {
    const [first] = readNorthwind(folder).orders;
    expect(first?.items).toHaveLength(2);
    expect(amountOf(first?.items ?? [])).toBe(251.3); // 12 × 14 + 10 × 9.80 × 0.85
  });

  it('names every row that cannot be read and goes on with the others', () => {
    write('orders.csv', `${ORDERS}5,VINET,1\n6,VINET,4,a,b,c,2,1,n,a,c,NULL,1,F\n7,NOONE,4,a,b,c,2,1,n,a,c,NULL,1,F\n`);
    write('order-details.csv', `${LINES}7,11,1,1,0\n1,11,many,1,0\n`);
    const book = readNorthwind(folder);
    expect(book.orders).toHaveLength(4);
    expect(book.unreadable).toEqual([
      'orders.csv:6: 3 fields where there should be 14',
      'order-details.csv:8: unitPrice "many" is not a number',
      'orders.csv:7: order 6 has no lines in order-details.csv',
      'orders.csv:8: order 7 names unknown customer NOONE',
    ]);
  });

  it('says which file is missing', () => {
    rmSync(join(folder, 'products.csv'));
    expect(() => readNorthwind(folder)).toThrow(/products\.csv cannot be read/);
  });

  it('reads the same after a byte order mark and Windows line ends', () => {
    const before = fingerprint(readNorthwind(folder).orders);
    write('orders.csv', `\uFEFF${ORDERS.replaceAll('\n', '\r\n')}`);
    expect(fingerprint(readNorthwind(folder).orders)).toBe(before);
  });

  it('loses none of the 830 orders of the real files, where they are at hand', () => {
    const real = resolve(import.meta.dirname, '../../../../shared/data/northwind');
    if (existsSync(real)) cpSync(real, folder, { recursive: true });
    const book = readNorthwind(folder);
    expect(book.unreadable).toEqual([]);
    expect(book).toMatchObject(existsSync(real) ? { orders: { length: 830 }, repairedRows: 176 } : { repairedRows: 2 });
  });
});

describe('orders that are made up', () => {
  it('are the same for the same seed and others for another', () => {
    expect(fingerprint(generateOrders(7).orders)).toBe(fingerprint(generateOrders(7).orders));
    expect(fingerprint(generateOrders(7).orders)).not.toBe(fingerprint(generateOrders(8).orders));
  });

  it('have the shape of Northwind: as many, dear and cheap ones', () => {
    const { orders, products } = generateOrders(1);
    expect(orders).toHaveLength(830);
    expect(products).toHaveLength(77);
    const express = orders.filter((order) => amountOf(order.items) > 1000).length;
    expect(express).toBeGreaterThan(100);
    expect(express).toBeLessThan(730);
  });
});

describe('the restock plan', () => {
  it('never lets a product fall below its reorder level', () => {
    const book = generateOrders(3);
    const plan = new RestockPlan(book.products);
    const levels = new Map(book.products.map((product) => [product.productId, product.unitsInStock]));
    const reorderLevel = new Map(book.products.map((product) => [product.productId, product.reorderLevel]));
    for (const order of book.orders) {
      for (const { productId, quantity } of plan.before(order))
        levels.set(productId, levels.get(productId)! + quantity);
      for (const { productId, quantity } of order.items) {
        levels.set(productId, levels.get(productId)! - quantity);
        expect(levels.get(productId)).toBeGreaterThanOrEqual(reorderLevel.get(productId)!);
      }
    }
  });

  it('plans the same deliveries when a load is repeated, also of a part of the book', () => {
    const book = generateOrders(3);
    const deliveries = (orders: typeof book.orders) => {
      const plan = new RestockPlan(book.products);
      return orders.map((order) => plan.before(order));
    };
    expect(deliveries(firstOrders(book, 100).orders)).toEqual(deliveries(book.orders).slice(0, 100));
  });
});
