// What the address needs is asked for while the page is still being drawn: its file, who is here, and its first answers.
import type { QueryClient } from '@tanstack/react-query';
import { destinationsQuery, meQuery, projectQuery, projectsQuery } from '@/api/queries';

type Load = () => Promise<unknown>;

export const load = {
  Projects: () => import('@/pages/ProjectsPage'),
  Project: () => import('@/pages/ProjectPage'),
  Streams: () => import('@/pages/StreamsPage'),
  Stream: () => import('@/pages/StreamPage'),
  ProjectSettings: () => import('@/pages/ProjectSettingsPage'),
  Activity: () => import('@/pages/ActivityPage'),
  System: () => import('@/pages/SystemPage'),
  Settings: () => import('@/pages/SettingsPage'),
  NotFound: () => import('@/pages/NotFoundPage'),
  Setup: () => import('@/pages/SetupPage'),
  SignIn: () => import('@/pages/SignInPage'),
  Dock: () => import('@/pages/DockPage'),
};

const NEEDS: [RegExp, Load | null, (client: QueryClient, id: string) => void][] = [
  [/^\/()$/, null, (client) => void client.prefetchQuery(projectsQuery)],
  [/^\/projects\/([^/]+)$/, load.Project, room],
  [/^\/dock\/([^/]+)$/, load.Dock, room],
  [/^\/projects()$/, load.Projects, (client) => void client.prefetchQuery(projectsQuery)],
  [/^\/sign-in()$/, load.SignIn, () => {}],
  [/^\/setup()\b/, load.Setup, () => {}],
];

function room(client: QueryClient, id: string): void {
  void client.prefetchQuery(projectQuery(id));
  void client.prefetchQuery(destinationsQuery(id));
}

/** Starts it; whatever fails here is asked for again where it is needed, and is said there. */
export function early(client: QueryClient, path: string): void {
  const need = NEEDS.find(([pattern]) => pattern.test(path));
  void client.prefetchQuery(meQuery);
  if (!need) return;
  const [pattern, page, answers] = need;
  page?.().catch(() => {});
  answers(client, decodeURIComponent(pattern.exec(path)?.[1] ?? ''));
}
