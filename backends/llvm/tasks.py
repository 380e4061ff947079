"""Tasks of a loop whose turns may run at the same time: shared with waiting threads where there are any, else done one after the other.

A control block of `POOL_SIZE` whole numbers, zeros at first, belongs to whoever starts the threads, each of which calls ``work`` with it:

    NEXT      (the first) which loop is on (its number, 24 bits), how many tasks it has and which is next (20 bits each), in one word
    TASK      what is called with CONTEXT and the number of a task
    DONE      how many are done
    STOP      not 0: ``work`` returns

What there is to do is written before NEXT. Whoever takes a number from NEXT that is below the count has a task of the loop that is on, and that loop does not
end before the task is done: nothing else is written meanwhile. Waiting threads spin, and give way to others when that takes long.
"""

from mcompiler.kernel.abi import POOL_STOP

TASK, CONTEXT, DONE = 8, 9, 16

_SPINS = 1 << 14


def runtime(*, pauses: bool) -> str:
    """LLVM's text of ``mc_tasks``, which runs tasks, and of ``mc_work``; ``pauses`` where the CPU has an instruction that says that it waits (x86)."""
    pause = "  call void @llvm.x86.sse2.pause()\n" if pauses else ""
    declared = "declare void @llvm.x86.sse2.pause()\n" if pauses else ""
    return f"""{declared}declare i32 @sched_yield()

define internal void @mc_wait(i64 %turn) noinline {{
{pause}  %long = icmp sgt i64 %turn, {_SPINS}
  br i1 %long, label %yield, label %end
yield:
  %ignored = call i32 @sched_yield()
  br label %end
end:
  ret void
}}

define internal i64 @mc_take(ptr %pool) noinline {{
  %seen = load atomic i64, ptr %pool acquire, align 8
  %seen.next = and i64 %seen, 1048575
  %seen.shifted = lshr i64 %seen, 20
  %seen.count = and i64 %seen.shifted, 1048575
  %some = icmp ult i64 %seen.next, %seen.count
  br i1 %some, label %try, label %none
try:
  %taken = atomicrmw add ptr %pool, i64 1 acq_rel, align 8
  %next = and i64 %taken, 1048575
  %shifted = lshr i64 %taken, 20
  %count = and i64 %shifted, 1048575
  %mine = icmp ult i64 %next, %count
  br i1 %mine, label %run, label %none
run:
  %task.at = getelementptr inbounds i64, ptr %pool, i64 {TASK}
  %context.at = getelementptr inbounds i64, ptr %pool, i64 {CONTEXT}
  %done.at = getelementptr inbounds i64, ptr %pool, i64 {DONE}
  %task = load ptr, ptr %task.at, align 8
  %context = load ptr, ptr %context.at, align 8
  call void %task(ptr %context, i64 %next)
  %before = atomicrmw add ptr %done.at, i64 1 release, align 8
  ret i64 1
none:
  ret i64 0
}}

define i64 @mc_work(ptr %pool) {{
entry:
  %stop.at = getelementptr inbounds i64, ptr %pool, i64 {POOL_STOP}
  br label %turn
turn:
  %waited = phi i64 [ 0, %entry ], [ 0, %again ], [ %longer, %idle ]
  %ran = call i64 @mc_take(ptr %pool)
  %some = icmp ne i64 %ran, 0
  br i1 %some, label %again, label %nothing
again:
  br label %turn
nothing:
  %stop = load atomic i64, ptr %stop.at acquire, align 8
  %over = icmp ne i64 %stop, 0
  br i1 %over, label %end, label %idle
idle:
  %longer = add i64 %waited, 1
  call void @mc_wait(i64 %longer)
  br label %turn
end:
  ret i64 0
}}

define internal void @mc_tasks(ptr %task, ptr %context, i64 %count, i64 %address) noinline {{
entry:
  %alone = icmp eq i64 %address, 0
  %few = icmp slt i64 %count, 2
  %here = or i1 %alone, %few
  br i1 %here, label %first, label %publish
first:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %one, label %end
one:
  %number = phi i64 [ 0, %first ], [ %number.next, %one ]
  call void %task(ptr %context, i64 %number)
  %number.next = add i64 %number, 1
  %more = icmp slt i64 %number.next, %count
  br i1 %more, label %one, label %end
publish:
  %pool = inttoptr i64 %address to ptr
  %task.at = getelementptr inbounds i64, ptr %pool, i64 {TASK}
  %context.at = getelementptr inbounds i64, ptr %pool, i64 {CONTEXT}
  %done.at = getelementptr inbounds i64, ptr %pool, i64 {DONE}
  store ptr %task, ptr %task.at, align 8
  store ptr %context, ptr %context.at, align 8
  store atomic i64 0, ptr %done.at monotonic, align 8
  %last = load atomic i64, ptr %pool monotonic, align 8
  %last.number = lshr i64 %last, 40
  %loop = add i64 %last.number, 1
  %high = shl i64 %loop, 40
  %middle = shl i64 %count, 20
  %word = or i64 %high, %middle
  store atomic i64 %word, ptr %pool release, align 8
  br label %help
help:
  %ran = call i64 @mc_take(ptr %pool)
  %again = icmp ne i64 %ran, 0
  br i1 %again, label %help, label %wait
wait:
  %waited = phi i64 [ 0, %help ], [ %longer, %unfinished ]
  %done = load atomic i64, ptr %done.at acquire, align 8
  %all = icmp eq i64 %done, %count
  br i1 %all, label %end, label %unfinished
unfinished:
  %longer = add i64 %waited, 1
  call void @mc_wait(i64 %longer)
  br label %wait
end:
  ret void
}}
"""
