// One event: when, what, whose doing.
import { memo } from 'react';
import type { Event } from '@/api/types';
import { Private } from '@/app/Private';
import { StateSign } from '@/ui/State';
import { dateTime, timeOfDay } from '@/words/format';
import { eventWords, PARTY } from '@/words/events';

interface Props {
  event: Event;
  names?: (destinationId: string) => string | undefined;
  /** Events of other days need their date. */
  dated?: boolean;
  children?: React.ReactNode;
}

export const EventRow = memo(function EventRow({ event, names, dated, children }: Props) {
  const { title, detail, tone, sign, party, who } = eventWords(event, names);
  return (
    <li data-tone={tone} className="relative flex gap-3 pb-3 last:pb-1 [&:not(:last-child)]:before:absolute [&:not(:last-child)]:before:top-6 [&:not(:last-child)]:before:bottom-0 [&:not(:last-child)]:before:left-[8px] [&:not(:last-child)]:before:w-px [&:not(:last-child)]:before:bg-line">
      <StateSign sign={sign} size={17} className="mt-[3px] flex-none text-(--tone)" />
      <div className="min-w-0 flex-1">
        <p className="leading-snug">
          <span className="font-medium">{title}</span>
          {children}
        </p>
        {detail && (
          <p className="text-sm break-words text-soft">
            <Private>{detail}</Private>
          </p>
        )}
      </div>
      <div className="flex-none text-right text-sm">
        <time dateTime={event.time} className="figure block leading-snug text-soft" title={dateTime(event.time)}>
          {dated ? dateTime(event.time) : timeOfDay(event.time)}
        </time>
        <span className="text-[0.8rem] text-faint">{(party === 'person' && who) || PARTY[party]}</span>
      </div>
    </li>
  );
});
