/**
 * Text to token ids and back, and chat templates. Used by the gateway, which builds everything here
 * from a {@link dev.andante.tokenizer.TokenizerSpec} that came over the wire, and by workers, which
 * make that spec out of a model file.
 *
 * <p>The tokenizing itself is done by Hugging Face's library through DJL's JNI binding. The binding
 * is called directly, past DJL's own loader: that one reports its use to a server and may download
 * libraries. Nothing here ever opens a connection.
 *
 * <p>Text that users write is never read as control tokens, see {@link
 * dev.andante.tokenizer.ChatTemplate}.
 *
 * <p>Threads: tokenizers and chat templates may be shared; a detokenizer belongs to one sequence
 * and one thread.
 */
@NullMarked
package dev.andante.tokenizer;

import org.jspecify.annotations.NullMarked;
