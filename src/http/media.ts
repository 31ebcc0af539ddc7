// Prompts for an Asterisk on another machine, which fetches them once and keeps them. It cannot send a header, so the
// token is in the path; the name is the content's own hash, so an answer holds for ever. Ranges are not offered.
import { z } from 'zod';
import type { HttpDeps } from './deps.ts';
import { HttpProblem } from './problem.ts';
import { route } from './route.ts';
import type { Reply, Route } from './route.ts';

const MediaPath = z.object({
  token: z.string().regex(/^[0-9A-Za-z_-]{16,128}$/, 'a token has 16 to 128 characters'),
  key: z
    .string()
    .regex(/^[0-9a-f]{16,64}$/, 'a key has 16 to 64 hexadecimal digits')
    .meta({ description: 'Hash of the content' }),
});

export function mediaRoutes(deps: HttpDeps): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/media/{token}/{key}.wav',
      id: 'getMedia',
      tag: 'media',
      summary: 'A prompt as WAV, for an Asterisk elsewhere',
      guard: 'path-token',
      params: MediaPath,
      answerTypes: ['audio/wav'],
      problems: [404],
      handle: async ({ params }): Promise<Reply> => {
        const found = await deps.findMedia(params.token, params.key);
        // One answer for a wrong token and an unknown key: neither is to be guessed.
        if (found === null)
          throw new HttpProblem(404, 'no-such-media', 'There is no prompt at this address.', {
            hint: 'Addresses change with the token; start the application again to push new ones.',
          });
        return {
          kind: 'file',
          contentType: 'audio/wav',
          file: found.file,
          bytes: found.bytes,
          headers: {
            // A message of somebody's is fetched anew each time and kept by nobody.
            'Cache-Control': found.isPrivate ? 'no-store' : 'private, max-age=31536000, immutable',
            ETag: `"${params.key}"`,
            'Accept-Ranges': 'none',
          },
        };
      },
    }),
  ];
}
