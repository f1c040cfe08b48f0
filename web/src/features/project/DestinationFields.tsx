// The fields of a destination, with what its platform says about each.
import { ExternalLink } from 'lucide-react';
import type { Destination, Platform } from '@/api/types';
import { CheckField, TextField } from '@/ui/Field';
import { bitrate } from '@/words/format';
import type { Draft } from './draft';

interface Props {
  draft: Draft;
  setDraft: (draft: Draft) => void;
  platform: Platform | null;
  destination: Destination | null;
  errors: Record<string, string>;
}

export function DestinationFields({ draft, setDraft, platform, destination, errors }: Props) {
  const field = (name: { [K in keyof Draft]: Draft[K] extends string ? K : never }[keyof Draft]) => ({
    value: draft[name],
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [name]: event.target.value }),
  });
  const secret = { autoComplete: 'off', spellCheck: false, 'data-1p-ignore': true } as const;
  return (
    <>
      {platform && <About platform={platform} />}
      <TextField label="Name" required maxLength={100} {...field('name')} error={errors.name} />
      <TextField
        label="Server"
        required
        placeholder="rtmps://"
        inputMode="url"
        spellCheck={false}
        autoComplete="off"
        {...field('url')}
        {...(platform?.url_is_personal && { hint: `${platform.name} gives every account its own address: paste it here.` })}
        error={errors.url}
      />
      <TextField
        label="Stream key"
        type="password"
        required={!destination && platform !== null}
        placeholder={destination?.key_hint ? `•••• ${destination.key_hint} (leave empty to keep it)` : ''}
        {...secret}
        {...field('streamKey')}
        hint={platform?.key_page ? <KeyPage page={platform.key_page} name={platform.name} /> : undefined}
        error={errors.stream_key}
      />
      <details className="group">
        <summary className="py-1 text-sm font-medium text-soft hover:text-ink">More</summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-2">
          <TextField label="Bitrate limit (kbit/s)" type="number" min={100} {...field('bitrateMaxKbit')} hint={limitHint(platform)} error={errors.limits} />
          <TextField label="Chunk size (bytes)" type="number" min={128} max={65536} placeholder="4096" {...field('chunkSize')} error={errors.chunk_size} />
          <TextField label="Video track" type="number" min={0} max={255} placeholder="the first" {...field('videoTrack')} error={errors.video_track} />
          <TextField label="Audio track" type="number" min={0} max={255} placeholder="the first" {...field('audioTrack')} error={errors.audio_track} />
          <div className="sm:col-span-2">
            <CheckField
              label="Accept any certificate"
              hint="For a server of your own with a self-made certificate. Never for a platform."
              checked={draft.insecure}
              onChange={(event) => setDraft({ ...draft, insecure: event.target.checked })}
            />
          </div>
        </div>
      </details>
    </>
  );
}

function About({ platform }: { platform: Platform }) {
  const parts = [
    platform.codecs.length > 0 && platform.codecs.map((codec) => codec.toUpperCase().replace('H264', 'H.264')).join(', '),
    platform.bitrate_max_bits && `at most ${bitrate(platform.bitrate_max_bits)}`,
    platform.keyframe_max_s && `a keyframe every ${platform.keyframe_max_s} s or less`,
  ].filter(Boolean);
  return (
    <div className="rounded-control border border-line bg-well px-3 py-2 text-sm text-soft">
      {parts.length > 0 && <p>{`${platform.name} takes ${parts.join('; ')}.`}</p>}
      {platform.key_expires && <p>Its address and key are made for one show: paste new ones before each.</p>}
      {platform.note && <p>{platform.note}</p>}
    </div>
  );
}

function KeyPage({ page, name }: { page: string; name: string }) {
  return (
    <a className="link inline-flex items-center gap-1" href={/^https?:/.test(page) ? page : `https://${page}`} target="_blank" rel="noreferrer noopener">
      Where {name} keeps it
      <ExternalLink size={13} aria-hidden />
    </a>
  );
}

function limitHint(platform: Platform | null): string | undefined {
  return platform?.bitrate_max_bits ? `${platform.name}: ${platform.bitrate_max_bits / 1000}` : 'Warns when the encoder sends more.';
}
