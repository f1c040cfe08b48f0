// The cache's rules: one question at a time, kept until an event makes it old, and never asked again in the hope of luck.
import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '@/api/client';

const RETRIES_MAX = 2;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events make answers old; a minute is the net below that.
        staleTime: 60_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => {
          // What the server has refused it will refuse again; only silence and overload are worth another try.
          const worth = error instanceof ApiError && (error.status === 0 || error.status === 429);
          return worth && failures < RETRIES_MAX;
        },
        retryDelay: (failures, error) =>
          error instanceof ApiError && error.retryAfterS ? Math.min(error.retryAfterS, 30) * 1000 : 800 * 2 ** failures,
        throwOnError: true,
      },
    },
  });
}
