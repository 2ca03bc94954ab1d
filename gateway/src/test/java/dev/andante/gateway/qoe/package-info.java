@NullMarked
package dev.andante.gateway.qoe;

import org.jspecify.annotations.NullMarked;
