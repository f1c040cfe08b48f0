// The frame of every page but the dock and the viewer's: the rail (a bar below, on a phone), the lost-link banner, the page.
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { LostBanner } from './LostBanner';
import { Rail } from './Rail';
import { useShortcuts } from './shortcuts';
import '@/ui/lastFocus';

const Help = lazy(() => import('./Help'));

export function Shell({ children }: { children: ReactNode }) {
  const [help, setHelp] = useState(false);
  useShortcuts({ onHelp: () => setHelp(true) });
  useArrival();
  return (
    <div className="sm:pl-20">
      <a
        href="#page"
        className="btn fixed top-2 left-2 z-50 -translate-y-20 bg-panel focus:translate-y-0"
        onClick={() => document.getElementById('page')?.focus()}
      >
        To the page
      </a>
      <Rail onHelp={() => setHelp(true)} />
      <LostBanner />
      <main id="page" tabIndex={-1} className="mx-auto max-w-[100rem] px-4 pt-5 pb-28 outline-none sm:px-6 sm:pt-7 sm:pb-12 lg:px-8">
        {children}
      </main>
      {help && (
        <Suspense>
          <Help onClose={() => setHelp(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** Another page begins at its top, and with the focus in it, so that a screen reader says where one has come. */
function useArrival(): void {
  const [location] = useLocation();
  const before = useRef(location);
  useEffect(() => {
    if (before.current === location) return;
    before.current = location;
    window.scrollTo(0, 0);
    document.getElementById('page')?.focus({ preventScroll: true });
  }, [location]);
}
