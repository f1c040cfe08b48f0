// From the door to the inside.
import type { QueryClient } from '@tanstack/react-query';
import { meQuery, setupQuery } from '@/api/queries';

/** Asks who it is now, and forgets what was refused to a stranger: it would be shown as a failure otherwise. */
export async function comeInside(client: QueryClient): Promise<void> {
  client.removeQueries({ predicate: ({ state }) => state.status === 'error' });
  await Promise.all([client.fetchQuery({ ...meQuery, staleTime: 0 }), client.fetchQuery({ ...setupQuery, staleTime: 0 })]);
}
