/**
 * The draft role: keeps the token contexts of other workers' sequences and proposes what may come
 * next. Needs no model file. One stream belongs to one client and is handled by one thread at a
 * time; nothing is shared between streams.
 */
@NullMarked
package dev.andante.draft;

import org.jspecify.annotations.NullMarked;
