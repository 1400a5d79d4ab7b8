import { dashboardClient } from './dashboard-client.ts';
import { anyTier } from './databases.ts';
import { productStack } from './edge-stack.ts';
import { testIssuer } from './people.ts';

/** The product with data behind it, and somebody in front of its dashboard. */
export async function dashboardStack() {
  const db = await anyTier.open();
  const issuer = await testIssuer();
  const product = await productStack({ db, trusted: issuer.trusted });
  const close = async () => {
    await product.close();
    await db.close();
  };
  return { db, issuer, product, client: dashboardClient(product, issuer), close };
}
export type DashboardStack = Awaited<ReturnType<typeof dashboardStack>>;
