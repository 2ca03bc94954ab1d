/**
 * Refusing early: whether a request that starts now will keep its limits on a worker, predicted
 * before any work is done, and when it is worth asking again (Mooncake, arXiv 2407.00079, section
 * "overload-oriented scheduling"). Pure functions.
 */
@NullMarked
package dev.andante.qoe.admission;

import org.jspecify.annotations.NullMarked;
