/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program for the kernel, as bytes.
 */
#ifndef EPHEMERALD_OBJECT_H
#define EPHEMERALD_OBJECT_H

extern const char fast_path_object[], fast_path_object_end[];

#endif
