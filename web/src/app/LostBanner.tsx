// Says that the server cannot be heard, and how old the page is. It goes by itself.
import { Unplug } from 'lucide-react';
import { link } from '@/live/link';
import { Button } from '@/ui/Button';
import { timeOfDay } from '@/words/format';
import { useLink } from './can';

export function LostBanner() {
  const state = useLink();
  return (
    <div role="status" className="sticky top-0 z-20">
      {state.status === 'lost' && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-warn/50 bg-[color-mix(in_oklab,var(--warn)_16%,var(--panel))] px-4 py-1.5 text-sm sm:px-6 lg:px-8">
          <Unplug size={16} className="text-warn" aria-hidden />
          <p className="min-w-0 flex-1">
            <strong className="font-semibold">Connection to the server lost.</strong> You see it as it was at{' '}
            <span className="figure">{timeOfDay(state.dataAt)}</span>; switches work again when it is back.
          </p>
          <Button size="small" onClick={link.retry}>
            Try now
          </Button>
        </div>
      )}
    </div>
  );
}
