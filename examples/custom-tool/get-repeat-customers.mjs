/** A tool of your own, for PLUGINS_DIR: how many customers of each store came back within a period. */
export default ({ z }) => ({
  name: 'get_repeat_customers',
  title: 'Repeat customers',
  description:
    'Customers by store who ordered at least `orders` times in the last `days` days, and their share of all customers.',
  permission: 'sales:read',
  input: z.strictObject({
    days: z.int().min(7).max(730).default(365),
    orders: z.int().min(2).max(50).default(2),
  }),
  async run({ days, orders }, { query, now }) {
    const since = new Date(now() - days * 86_400_000).toISOString().slice(0, 10);
    return query`
      SELECT s.store_name, count(*) AS customers, count(*) FILTER (WHERE c.orders >= ${orders}) AS repeat_customers,
        round(100.0 * count(*) FILTER (WHERE c.orders >= ${orders}) / count(*), 1) AS percent
      FROM (SELECT store_id, customer_id, count(*) AS orders FROM retail.orders
            WHERE order_date >= CAST(${since} AS date) GROUP BY store_id, customer_id) c
      JOIN retail.stores s ON s.store_id = c.store_id
      GROUP BY s.store_name ORDER BY percent DESC, s.store_name`;
  },
});
