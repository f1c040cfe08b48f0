// A platform's sign: two letters in a plate. Their marks are theirs.
const SIGNS: Record<string, string> = {
  youtube: 'YT', twitch: 'TW', facebook: 'FB', x: 'X', trovo: 'TR', kick: 'KI', rumble: 'RU', linkedin: 'IN', tiktok: 'TT', instagram: 'IG',
};

export function platformSign(platform: string, name: string): string {
  return SIGNS[platform] ?? (name.replace(/[^\p{L}\p{N}]/gu, '').slice(0, 2).toUpperCase() || '··');
}
