// The pages. Each is a file of its own that comes when it is first opened; one that has come is shown without a wait.
import { type ComponentType, lazy, useState } from 'react';
import type { Project } from '@/api/types';

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

export interface Page<P> {
  (props: P): React.JSX.Element;
  /** Brings the page's file. */
  ready: () => Promise<unknown>;
}

function page<P extends object>(load: Load<P>): Page<P> {
  // React waits for a lazy component even where its file is there: it shows the fallback, and keeps that for 300 ms.
  let Known: ComponentType<P>;
  /** A lazy component keeps its failure for good: who tries again has another one. */
  const anew = () => {
    const attempt = () =>
      load().catch((error: unknown) => {
        anew();
        throw error;
      });
    Known = lazy(attempt) as unknown as ComponentType<P>;
  };
  anew();
  const Page = (props: P) => {
    const [Shown] = useState(() => Known);
    return <Shown {...props} />;
  };
  Page.ready = async () => (Known = (await load()).default);
  return Page;
}

type OfId = { id: string };

export const pages = {
  Projects: page<object>(() => import('@/pages/ProjectsPage')),
  Project: page<OfId>(() => import('@/pages/ProjectPage')),
  Streams: page<OfId>(() => import('@/pages/StreamsPage')),
  Stream: page<OfId>(() => import('@/pages/StreamPage')),
  ProjectSettings: page<OfId>(() => import('@/pages/ProjectSettingsPage')),
  Activity: page<object>(() => import('@/pages/ActivityPage')),
  System: page<object>(() => import('@/pages/SystemPage')),
  Settings: page<OfId>(() => import('@/pages/SettingsPage')),
  NotFound: page<object>(() => import('@/pages/NotFoundPage')),
  Setup: page<{ link?: string | undefined }>(() => import('@/pages/SetupPage')),
  SignIn: page<object>(() => import('@/pages/SignInPage')),
  Dock: page<OfId>(() => import('@/pages/DockPage')),
};

/** How to send: on the first screen while nobody does, and below it during a show. */
export const Encoder = page<{ project: Project }>(async () => ({ default: (await import('@/features/project/EncoderSetup')).EncoderSetup }));

/** The signal's curve: the largest part of the room, and needed where a show is on the air. */
export const Chart = page<{ project: string }>(() => import('@/features/project/Chart'));

/** The parts of the settings. */
export const settings = {
  account: page<object>(() => import('@/features/settings/Account')),
  tokens: page<object>(() => import('@/features/settings/Tokens')),
  webhooks: page<object>(() => import('@/features/settings/Webhooks')),
  users: page<object>(() => import('@/features/settings/Users')),
};
