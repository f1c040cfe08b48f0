// Opens a one-time link, and goes where its owner wants to be.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { api, ok } from '@/api/client';
import { projectsQuery } from '@/api/queries';
import { comeInside } from './inside';

export function useSetup(link: string) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: (body: { password?: string; email?: string; name?: string }) => ok(api.POST('/setup', { body: { link, ...body } })),
    onSuccess: async () => {
      await comeInside(client);
      const projects = await client.fetchQuery(projectsQuery).catch(() => []);
      // The first run goes straight to the room that waits for an encoder.
      navigate(projects.length === 1 && projects[0] ? `/projects/${projects[0].id}` : '/', { replace: true });
    },
  });
}
