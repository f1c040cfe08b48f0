// Something that a shared screen must not show. It is also not in the page's text while it is hidden.
import type { ReactNode } from 'react';
import { usePreferences } from './preferences';

export function Private({ children }: { children: ReactNode }) {
  const { hideSecrets } = usePreferences();
  if (!hideSecrets) return children;
  return (
    <span className="text-faint" title="Hidden on this screen">
      ••••••
    </span>
  );
}
